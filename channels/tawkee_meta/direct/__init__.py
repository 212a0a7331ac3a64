"""What Instagram and Messenger share: the `messaging` envelope, its events, its Send API."""
