"""A contact's own data: handed out whole, or erased whole (LGPD art. 18, GDPR art. 15, 17 and 20)."""
