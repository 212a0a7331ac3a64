"""The schema, one numbered file a change, run in order by `tawkee migrate`."""
