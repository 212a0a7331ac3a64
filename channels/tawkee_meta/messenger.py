"""Messenger: messages to a Facebook page, through the Send API."""

from .direct.channel import DirectChannel, direct_info

plugin = DirectChannel(
    info=direct_info("Messenger", "https://graph.facebook.com", max_text=2000, unit="characters", per_second=40.0),
    object_name="page",
    address_kind="psid",
    subscribed="messages,messaging_postbacks,message_reactions,message_reads,message_deliveries,message_echoes",
    account_fields="id,name",
    contact_fields="first_name,last_name",
    renews=False,
)
