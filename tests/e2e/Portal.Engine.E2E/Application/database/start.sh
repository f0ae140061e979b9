#!/bin/sh
# Makes the database the first time, and serves it.
set -e
if [ ! -e "$PGDATA/PG_VERSION" ]; then
  echo "making the database"
  echo "$POSTGRES_PASSWORD" > /tmp/password
  initdb --username=app --pwfile=/tmp/password --auth=scram-sha-256 --no-locale --encoding=UTF8 --no-instructions
  rm /tmp/password
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  echo "create table visits (server text, at timestamptz default now());" | postgres --single -j postgres > /dev/null
fi
exec postgres -k /tmp -c listen_addresses='*'
