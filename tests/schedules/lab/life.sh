#!/bin/bash
# The life of an installation on a real systemd: install, run, break, alert, miss a run, catch up, uninstall.
set -u
HERE=$PWD
PYTHON=/opt/app/venv/bin/python
MAILS=/run/mails
fail() { echo "FAILED: $*"; journalctl --no-pager -n 60; exit 1; }
check() { echo "ok: $1"; shift; "$@" >/dev/null 2>&1 || fail "$*"; }
runs() { journalctl -q -o cat -u subs-trial-check.service --grep "^user:" 2>/dev/null | wc -l; }
mails_about() { grep -l "^Subject: .*: $1" $MAILS/*.eml 2>/dev/null | wc -l; }
wait_until() { for _ in $(seq 100); do eval "$1" && return; sleep 0.2; done; fail "waited for $1"; }
break_job() {
  mkdir -p /run/systemd/system/subs-trial-check.service.d
  printf '[Service]\nEnvironment=BROKEN=%s\n' "$1" > /run/systemd/system/subs-trial-check.service.d/broken.conf
  systemctl daemon-reload
}
mend_job() { rm -r /run/systemd/system/subs-trial-check.service.d; systemctl daemon-reload; }

start_mail_server() {
  systemd-run --quiet --unit=lab-sink $PYTHON "$HERE/sink.py" 2525 $MAILS
  wait_until 'ss -ltn | grep -q :2525'
}
start_database() {
  local bin; bin=$(echo /usr/lib/postgresql/*/bin)
  install -d -o postgres /run/lab-pg
  runuser -u postgres -- "$bin/initdb" --auth=peer -D /run/lab-pg/data >/dev/null || fail "initdb"
  systemd-run --quiet --unit=lab-pg --uid=postgres "$bin/postgres" -D /run/lab-pg/data -k /run/lab-pg -c listen_addresses=
  wait_until 'runuser -u postgres -- psql -qh /run/lab-pg -c "CREATE ROLE subs LOGIN" 2>/dev/null'
  runuser -u postgres -- createdb -h /run/lab-pg -O subs subs || fail "createdb"
}

start_mail_server
start_database
install -d -m 0755 /etc/subs
(umask 077; echo 'postgresql://subs@/subs?host=/run/lab-pg' > /etc/subs/database-url)

echo "# install"
cd /opt/app || fail "no app"
install_units() { $PYTHON -m flask --app wsgi subs systemd install --credential database-url=/etc/subs/database-url; }
install_units || fail "install"
sed -i -e 's/^port = .*/port = 2525/' -e 's/^app = .*/app = Lab/' \
  -e 's/^sender = .*/sender = subs@example.com/' -e 's/^recipients = .*/recipients = ops@example.com/' /etc/subs/alert.conf
check "it can be installed again" install_units
check "the edited settings are kept" grep -q 2525 /etc/subs/alert.conf
check "the user exists" id subs
check "its timers are enabled" systemctl is-enabled subs-trial-check.timer subs-deliver.timer
check "its timers wait" systemctl is-active subs-trial-check.timer subs-deliver.timer
check "starting a timer ran nothing" test "$(runs)" = 0
systemctl list-timers --no-pager --no-legend 'subs-*' | cat

echo "# run"
check "a job as shipped succeeds" systemctl start subs-trial-check.service
journalctl -q -o cat -u subs-trial-check.service | grep -E '^[a-z-]+: '
said() { journalctl -q -o cat -u subs-trial-check.service | grep -qx "$1"; }
check "it runs as its user" said "user: subs"
check "it reads its credential and reaches the database by its name alone" said "database: as subs"
check "the secret is not in its environment" said "secret-in-environment: False"
check "secrets, homes and other people's files are out of sight" said "hidden: True"
check "the system and the code are read-only" said "read-only: True"
check "what it writes cannot be run" said "own-scripts-run: False"
check "it sends email" systemctl start subs-deliver.service
check "the email arrived" grep -q "^Subject: delivered" -r $MAILS
check "its state stays, for itself alone" test "$(stat -c %U:%a /var/lib/subs)" = subs:700

echo "# break"
break_job first
systemctl start subs-trial-check.service && fail "a broken job succeeded"
wait_until '[ "$(mails_about subs-trial-check.service)" -ge 1 ]'
mail=$(grep -l "subs-trial-check.service" $MAILS/*.eml)
grep ^Subject: "$mail"
check "the email has the unit, the result and the status" \
  grep -q "^Subject: \[ALERT\] Lab: subs-trial-check.service failed (exit-code, exit status 3)" "$mail"
check "it has that run's log" grep -q "the database is unreachable <first>" "$mail"
check "it has no other run's log" sh -c "! grep -q 'user: subs' $mail"
sleep 2
check "one failure sends one email" test "$(mails_about subs-trial-check.service)" = 1
check "the alert itself ended well" sh -c '! systemctl is-failed "subs-alert@subs-trial-check.service.service"'

echo "# break more than an app can"
mv /opt/app/venv/bin /opt/app/venv/bin-gone
systemctl start subs-trial-check.service && fail "a job without its interpreter succeeded"
wait_until '[ "$(mails_about subs-trial-check.service)" -ge 2 ]'
grep -h ^Subject: $MAILS/*.eml | tail -1
check "the alert does not need the virtual environment" grep -lq "exit status 203" $MAILS/*.eml
mv /opt/app/venv/bin-gone /opt/app/venv/bin
for _ in 1 2 3 4 5 6; do systemctl start subs-trial-check.service; sleep 1.5; done
check "a unit that keeps failing sends four emails an hour" test "$(mails_about subs-trial-check.service)" = 4
mend_job

echo "# miss a run"
systemctl reset-failed
mkdir -p /run/systemd/system/subs-trial-check.timer.d
printf '[Timer]\nRandomizedDelaySec=0\nAccuracySec=1s\n' > /run/systemd/system/subs-trial-check.timer.d/now.conf
systemctl daemon-reload
before=$(runs)
systemctl stop subs-trial-check.timer
systemctl start subs-trial-check.timer
sleep 2
check "with its last run on time nothing is caught up" test "$(runs)" = "$before"
systemctl stop subs-trial-check.timer
touch -d '3 days ago' /var/lib/systemd/timers/stamp-subs-trial-check.timer
systemctl start subs-trial-check.timer
wait_until '[ "$(runs)" -gt "$before" ]'
sleep 2
check "a missed run is caught up, once" test "$(runs)" = $((before + 1))

echo "# uninstall"
$PYTHON -m flask --app wsgi subs systemd uninstall || fail "uninstall"
check "no unit is left" sh -c '! ls /etc/systemd/system/subs-* /usr/local/lib/subscription-ops'
check "no timer is left" test -z "$(systemctl list-timers --all --no-legend 'subs-*')"
check "its settings stay" test -f /etc/subs/alert.conf
echo "done"
