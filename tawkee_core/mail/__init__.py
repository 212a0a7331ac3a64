"""Mails: queued in the caller's transaction, sent by the workers, through the plugin that TAWKEE_MAIL names."""
