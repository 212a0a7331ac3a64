// The page of an invitation. Its token stands behind the #, which browsers send nowhere.
"use strict";
(() => {
  const token = location.hash.slice(1);
  const api = `/api/invitations/${encodeURIComponent(token)}`;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const words = find("#words").dataset;
  let applicant = {};
  let mfaToken = null;

  async function call(method, path, body, access) {
    const headers = { ...(body && { "Content-Type": "application/json" }), ...(access && { Authorization: `Bearer ${access}` }) };
    let answer;
    try {
      answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    } catch {
      return { failed: "offline", status: 0, data: {} };
    }
    const data = await answer.json().catch(() => ({}));
    return { failed: answer.ok ? "" : data.error || "other", status: answer.status, data };
  }

  function only(...names) {
    for (const name of ["wait", "gone", "down", "open", "done"]) find(`#${name}`).hidden = !names.includes(name);
  }

  function step(name) {
    for (const each of ["new", "code", "known"]) find(`#${each}`).hidden = each !== name;
    find("#choice").hidden = name === "code" || all("[data-tab]").some((tab) => tab.hidden);
    for (const tab of all("[data-tab]")) tab.setAttribute("aria-pressed", String(tab.dataset.tab === name));
    find(`#${name} input:not([readonly])`).focus();
  }

  function tell(form, { failed, status, data }) {
    if (status === 404) return only("gone");
    const [left] = (failed === "wrong_code" && data?.message?.match(/\d+/)) || [];
    const text = failed ? words[failed] || words.other : "";
    find("[role=alert]", form).textContent = left ? `${text} ${words.tries_left} ${left}` : text;
  }

  // The first thing that is wrong, in the order of the fields.
  function wrongField(form) {
    const { name, phone, password } = form.elements;
    if (!name.validity.valid) return "bad_input";
    if (!phone.validity.valid) return "bad_phone";
    return password.validity.valid ? "" : "bad_password";
  }

  function show(values) {
    for (const each of all("[data-show]")) if (values[each.dataset.show] !== undefined) each.textContent = values[each.dataset.show];
    for (const each of all("[data-value]")) if (values[each.dataset.value] !== undefined) each.value = values[each.dataset.value];
  }

  function finish() {
    applicant = {};
    history.replaceState(null, "", location.pathname + location.search);
    only("done");
    find("#done h2").focus();
  }

  async function load() {
    only("wait");
    if (!token) return only("gone");
    const answer = await call("GET", api);
    if (answer.status === 404) return only("gone");
    if (answer.failed) return only("down");
    const role = find("[data-show=role]").dataset[answer.data.role.toLowerCase()];
    show({ ...answer.data, role });
    only("open");
    find("[data-tab=new]").hidden = answer.data.has_account === true;
    find("[data-send=whatsapp]").hidden = answer.data.code_by === "email";
    step(answer.data.has_account ? "known" : "new");
  }

  async function sendCode(form, sendBy) {
    const answer = await call("POST", `${api}/accept`, { ...applicant, send_by: sendBy });
    if (answer.data.errors?.json?.phone) answer.failed = "bad_phone";
    if (answer.failed === "sign_in_to_accept") return askToSignIn(answer);
    tell(form, answer);
    if (answer.failed) return;
    show(answer.data);
    tell(find("#code form"), { failed: "" });
    find("#code [name=code]").value = "";
    find("[data-sent]").hidden = form.closest("#code") === null;
    for (const each of all("[data-by]")) each.hidden = each.dataset.by !== answer.data.sent_by;
    step("code");
  }

  function askToSignIn(answer) {
    step("known");
    tell(find("#known form"), answer);
  }

  function askForCode(token) {
    mfaToken = token;
    find("[data-mfa]").hidden = !token;
    if (token) find("[name=mfa]").focus();
  }

  const submits = {
    async new(form) {
      const failed = wrongField(form);
      if (failed) return tell(form, { failed });
      const { name, email, phone, password } = form.elements;
      applicant = { name: name.value, email: email.value, phone: phone.value, password: password.value, locale: document.documentElement.lang };
      await sendCode(form, "whatsapp");
    },
    async code(form) {
      find("[data-sent]").hidden = true;
      const answer = await call("POST", `${api}/confirm`, { code: form.elements.code.value.replace(/\D/g, "") });
      if (answer.failed === "sign_in_to_accept") return askToSignIn(answer);
      tell(form, answer.failed === "bad_input" ? { failed: "short_code" } : answer);
      if (!answer.failed) finish();
    },
    async known(form) {
      const { email, password, mfa } = form.elements;
      let answer = mfaToken
        ? await call("POST", "/api/auth/2fa/verify", { mfa_token: mfaToken, code: mfa.value.trim() })
        : await call("POST", "/api/auth/login", { email: email.value, password: password.value });
      if (answer.data.mfa_token) {
        tell(form, { failed: "" });
        return askForCode(answer.data.mfa_token);
      }
      if (answer.failed === "invalid_token" || answer.failed === "token_expired") askForCode(null);
      if (answer.failed === "bad_input") answer.failed = mfaToken ? "wrong_code" : "wrong_credentials";
      if (!answer.failed) answer = await call("POST", `${api}/accept`, null, answer.data.access_token);
      tell(form, answer);
      if (!answer.failed || answer.failed === "already_member") finish();
    },
  };

  // Do what a form's button says, and nothing more until that is done.
  async function once(form, work) {
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    for (const button of all("button", form)) button.disabled = true;
    await work();
    for (const button of all("button", form)) button.disabled = false;
    delete form.dataset.busy;
  }

  for (const [name, submit] of Object.entries(submits)) {
    const form = find(`#${name} form`);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      once(form, () => submit(form));
    });
  }
  for (const tab of all("[data-tab]")) tab.addEventListener("click", () => step(tab.dataset.tab));
  for (const send of all("[data-send]")) send.addEventListener("click", () => once(send.form, () => sendCode(send.form, send.dataset.send)));
  for (const link of all("nav a")) link.addEventListener("click", (event) => {
    event.preventDefault();
    location.replace(`${link.search}${location.hash}`);
  });
  find("[data-back]").addEventListener("click", () => step("new"));
  find("#again").addEventListener("click", load);
  load();
})();
