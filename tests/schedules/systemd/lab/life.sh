#!/bin/bash
# The life of an installation on a real systemd: install, run, break, alert, brake, miss a run, catch up, uninstall.
set -u
. ./common.sh
UNIT=subs-trial-check.service
said() { journalctl -q -o cat -u "${2:-$UNIT}" | grep -q "$1"; }
runs() { journalctl -q -o cat -u $UNIT | grep -c "^job=trial-check outcome=ok"; }
mails_about() { grep -l "^Subject: .*: $1" $MAILS/*.eml 2>/dev/null | wc -l; }
last_mail_about() { grep -l "^Subject: .*: $1" $MAILS/*.eml | tail -1; }
emails_to() { grep -ls "^To: .*\b$1@customer.example" $MAILS/*.eml | xargs -r grep -h "^X-Subs-Effect:" | sed 's/^[^:]*: //' | tr -d '\r'; }
as_job() {
  systemd-run --quiet --pipe --wait --collect --uid=subs --working-directory=/opt/app \
    -p LoadCredential=database-url:/etc/subs/database-url $PYTHON -m flask --app wsgi "$@"
}
change_job() {
  mkdir -p /run/systemd/system/$UNIT.d
  printf '[Service]\n%s\n' "$@" > /run/systemd/system/$UNIT.d/change.conf
  systemctl daemon-reload
}
mend_job() { rm -r /run/systemd/system/$UNIT.d; systemctl daemon-reload; }
fails_with_one_alert() { # STATUS
  local before; before=$(mails_about $UNIT)
  systemctl start $UNIT && fail "a job that must fail succeeded"
  check "it exits $1" test "$(systemctl show -P ExecMainStatus $UNIT)" = "$1"
  wait_until '[ "$(mails_about $UNIT)" -gt '"$before"' ]'
  sleep 1.5
  check "one failure sends one email" test "$(mails_about $UNIT)" = $((before + 1))
  mail=$(last_mail_about $UNIT)
  grep ^Subject: "$mail"
  check "the email has the unit, the result and the status" \
    grep -q "^Subject: \[ALERT\] Lab: $UNIT failed (exit-code, exit status $1)" "$mail"
  $PYTHON -c 'import email.policy, sys; m = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
print(m.get_body(("plain",)).get_content())' "$mail" > /run/alert.txt
  sed -n '/^Log of that run/,$p' /run/alert.txt
  check "it has no other run's log" test "$(grep -c "Starting $UNIT" /run/alert.txt)" = 1
  check "the alert itself ended well" sh -c "! systemctl is-failed subs-alert@$UNIT.service"
}

start_mail_server
start_database
start_app
install -d -m 0755 /etc/subs
(umask 077; echo 'postgresql+psycopg:///app?host=/run/postgresql' > /etc/subs/database-url)

echo "# install"
cd /opt/app || fail "no app"
install_units() {
  $PYTHON -m flask --app wsgi subs systemd install --credential database-url=/etc/subs/database-url \
    --alert-app Lab --alert-sender subs@example.com --alert-recipient ops@example.com
}
install_units || fail "install"
sed -i -e 's/^port = .*/port = 2525/' /etc/subs/alert.conf
check "it can be installed again" install_units
check "the edited settings are kept" grep -q 2525 /etc/subs/alert.conf
check "the user exists" id subs
runuser -u postgres -- createuser subs || fail "createuser"
runuser -u postgres -- psql --quiet --dbname app --command 'GRANT app TO subs' || fail "grant"
check "its timers are enabled" systemctl is-enabled subs-trial-check.timer subs-deliver.timer
check "its timers wait" systemctl is-active subs-trial-check.timer subs-deliver.timer
check "starting a timer ran nothing" test "$(runs)" = 0
systemctl list-timers --no-pager --no-legend 'subs-*' | cat

echo "# the timer of deliver"
as_job sign-up fresh || fail "sign-up"
wait_until '[ "$(emails_to fresh | wc -l)" = 1 ]' 330
emails_to fresh
check "its timer fired and the welcome went out" said "^job=deliver outcome=ok.*delivered.trial_started=1" subs-deliver.service
systemctl stop subs-deliver.timer

echo "# run"
as_job sign-up soon --days-left 2 || fail "sign-up"
as_job sign-up over probe --days-left -0.1 || fail "sign-up"
check "a job as shipped succeeds" systemctl start $UNIT
journalctl -q -o cat -u $UNIT | grep -E '^[a-z-]+: |^job='
check "it runs as its user" said "^user: subs$"
check "it reads its credential and reaches the database by its name alone" said "^database: as subs$"
check "the secret is not in its environment" said "^secret-in-environment: False$"
check "secrets, homes and other people's files are out of sight" said "^hidden: True$"
check "the system and the code are read-only" said "^read-only: True$"
check "what it writes cannot be run" said "^own-scripts-run: False$"
check "its state stays, for itself alone" test "$(stat -c %U:%a /var/lib/subs)" = subs:700
for name in soon over; do emails_to $name; done
check "a trial that ends soon is reminded" sh -c "[ '$(emails_to soon | grep -c "^trial-reminder:.*:3$")' = 1 ]"
check "a trial that ended has a last email" sh -c "[ '$(emails_to over | grep -c ^trial-expired:)' = 1 ]"
as_job workspaces
check "its workspace is stopped, the others run" \
  test "$(as_job workspaces | tr '\n' ' ')" = "fresh running over stopped probe stopped soon running "
check "a second run succeeds" systemctl start $UNIT
check "and sends nothing twice" test "$(for name in fresh soon over; do emails_to $name; done | wc -l)" = 3
check "the audit is whole" as_job subs audit --verify
as_job subs status

echo "# emails as files"
as_job sign-up file --days-left -0.1 || fail "sign-up"
change_job Environment=LAB_SUBS_MAIL=file Environment=LAB_SUBS_MAIL_DIR=/var/lib/subs/mail
check "a folder below its own takes them" systemctl start $UNIT
check "the file is there, for itself alone" test "$(stat -c %U:%a /var/lib/subs/mail/*.eml)" = subs:600
mend_job

echo "# break: the database has stopped"
systemctl stop lab-pg
fails_with_one_alert 3
check "the log says why" grep -q "database .* cannot be used: no server answers at that address; start it" /run/alert.txt
start_database

echo "# break: the address of the database is wrong"
cp -p /etc/subs/database-url /run/database-url
echo 'postgresql+psycopg:///nowhere?host=/run/postgresql' > /etc/subs/database-url
fails_with_one_alert 3
check "the log says why" grep -q nowhere /run/alert.txt
cp -p /run/database-url /etc/subs/database-url

echo "# the brake"
as_job sign-up $(seq -f 'ended-%g' 30) --days-left -0.1 || fail "sign-up"
fails_with_one_alert 4
check "nothing was stopped" test "$(as_job workspaces | grep -c '^ended-.* running')" = 30
command=$(grep -o 'flask --app wsgi subs trial-check --confirm [0-9a-f]*' /run/alert.txt)
check "the log holds the command to repeat" test -n "$command"
echo "$command"
check "it goes on" as_job ${command#flask --app wsgi }
check "now they are stopped" test "$(as_job workspaces | grep -c '^ended-.* stopped')" = 30
check "and told" test "$(emails_to 'ended-[0-9]*' | grep -c ^trial-expired:)" = 30

echo "# break more than an app can"
mv /opt/app/venv/bin /opt/app/venv/bin-gone
systemctl start $UNIT && fail "a job without its interpreter succeeded"
wait_until '[ "$(mails_about $UNIT)" -ge 4 ]'
grep -h ^Subject: "$(last_mail_about $UNIT)"
check "the alert does not need the virtual environment" grep -q "exit status 203" "$(last_mail_about $UNIT)"
for _ in 1 2 3; do systemctl start $UNIT; sleep 1.5; done
check "a unit that keeps failing sends four emails an hour" test "$(mails_about $UNIT)" = 4
mv /opt/app/venv/bin-gone /opt/app/venv/bin

echo "# break: a setting is misspelt"
systemctl reset-failed
change_job Environment=LAB_SUBS_TRIAL_DAY=14
systemctl start $UNIT && fail "a job with a misspelt setting succeeded"
wait_until '[ "$(mails_about $UNIT)" -ge 5 ]'
check "the alert names it and the nearest one" grep -q "SUBS_TRIAL_DAY is not a setting; the nearest one is SUBS_TRIAL_DAYS" "$(last_mail_about $UNIT)"
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
