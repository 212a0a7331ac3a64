"""Instagram Direct: messages to a professional account, through the Instagram API."""

from .direct.channel import DirectChannel, direct_info

plugin = DirectChannel(
    info=direct_info("Instagram", "https://graph.instagram.com", max_text=1000, unit="bytes", per_second=10.0),
    object_name="instagram",
    address_kind="igsid",
    subscribed="messages,messaging_postbacks,message_reactions,messaging_seen",
    account_fields="user_id,username,name",
    contact_fields="name,username",
    renews=True,
)
