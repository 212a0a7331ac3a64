"""Meta's channels over the Graph API. What they share stands here: the wire (`graph`), the proof of a webhook
(`proof`).

Each channel has its own entry point: the package `whatsapp`, and the modules `instagram` and `messenger`, each an
instance of the one class of the package `direct`."""
