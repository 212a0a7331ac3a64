"""Meta's channels over the Graph API. What they share stands here: the wire (`graph`), the proof of a webhook
(`proof`).

Each channel is a package of its own with its own entry point: `whatsapp`."""
