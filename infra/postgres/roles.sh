#!/bin/sh
# Roles and databases of a new PostgreSQL container, run once by its entrypoint; the same as local/stack/postgres.py
# makes on the local stack. None is superuser or may bypass row-level security. Passwords come from secret files.
set -eu

# psql sends \password-like statements as they are; the server must not keep them
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v owner="$(cat /run/secrets/citygrid_owner_password)" \
    -v sinks="$(cat /run/secrets/citygrid_sinks_password)" \
    -v api="$(cat /run/secrets/citygrid_api_password)" \
    -v doors="$(cat /run/secrets/citygrid_doors_password)" \
    -v registry="$(cat /run/secrets/citygrid_registry_password)" <<'SQL'
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
CREATE ROLE citygrid_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'owner';
CREATE ROLE citygrid_sinks LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'sinks';
CREATE ROLE citygrid_api LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'api';
CREATE ROLE citygrid_doors LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'doors';
CREATE ROLE citygrid_reader NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
CREATE ROLE citygrid_audit NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
GRANT citygrid_reader TO citygrid_owner WITH INHERIT FALSE, SET TRUE;
CREATE ROLE citygrid_registry LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB PASSWORD :'registry';
CREATE DATABASE citygrid OWNER citygrid_owner;
REVOKE ALL ON DATABASE citygrid FROM PUBLIC;
GRANT CONNECT ON DATABASE citygrid TO citygrid_sinks, citygrid_api, citygrid_doors;
CREATE DATABASE registry OWNER citygrid_registry;
REVOKE ALL ON DATABASE registry FROM PUBLIC;
SQL
# what only a superuser can say of the city's database
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname citygrid --file /citygrid/bootstrap.sql
