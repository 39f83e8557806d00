# What both scenarios need: a database on a socket, a mail server, and words to say what is expected.
HERE=$PWD
PYTHON=/opt/app/venv/bin/python
MAILS=/run/mails
fail() { echo "FAILED: $*"; journalctl --no-pager -n 60; exit 1; }
check() { local what=$1; shift; "$@" >/dev/null 2>&1 || fail "$what: $*"; echo "ok: $what"; }
wait_until() { for _ in $(seq "${2:-100}"); do eval "$1" && return; sleep 0.2; done; fail "waited for $1"; }

start_mail_server() {
  mkdir -p $MAILS
  systemd-run --quiet --unit=lab-sink $PYTHON "$HERE/sink.py" 2525 $MAILS
  wait_until 'ss -ltn | grep -q :2525'
}
# Each user of the system is the database's user of the same name, and nobody else is let in.
start_database() {
  local bin; bin=$(echo /usr/lib/postgresql/*/bin)
  install -d -o postgres /run/postgresql /run/lab-pg
  [ -d /run/lab-pg/data ] || runuser -u postgres -- "$bin/initdb" --auth=peer -D /run/lab-pg/data >/dev/null || fail "initdb"
  systemd-run --quiet --unit=lab-pg --uid=postgres "$bin/postgres" -D /run/lab-pg/data -k /run/postgresql -c listen_addresses=
  wait_until 'runuser -u postgres -- psql -qc "" 2>/dev/null'
}
# The app as it was before: its own user made the database and the tables.
start_app() {
  useradd --system app
  runuser -u postgres -- createuser app || fail "createuser"
  runuser -u postgres -- createdb -O app app || fail "createdb"
  (cd /opt/app && runuser -u app -- env DATABASE_URL='postgresql+psycopg:///app?host=/run/postgresql' \
    $PYTHON -m flask --app wsgi create-tables) || fail "create-tables"
}
