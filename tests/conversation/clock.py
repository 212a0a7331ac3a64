"""A database whose time is moved by hand: `now()` and `clock_timestamp()` read a row, in statements and in defaults."""

from contextlib import closing

import psycopg2

from tawkee_core.db import run

# what is named first in the search path is meant; the migrations come after this, so that their defaults mean it too
FUNCTIONS = """
create table clock (at timestamptz not null);
insert into clock values ('2026-11-02T12:00:00Z');
create function now() returns timestamptz language sql stable as 'select at from public.clock';
create function clock_timestamp() returns timestamptz language sql stable as 'select at from public.clock';
do $$ begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$
"""


def stop_clock(url: str) -> None:
    """From now on no time passes in this empty database but by `pass_seconds`."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(FUNCTIONS)
        connection.commit()


def pass_seconds(seconds: float) -> None:
    run("update clock set at = at + make_interval(secs => %s)", (seconds,))
