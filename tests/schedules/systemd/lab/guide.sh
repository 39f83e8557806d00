#!/bin/bash
# Every shell block of the guide, in order and as written; a block that fails ends the scenario: guide.sh GUIDE
set -u
. ./common.sh
mkdir -p /run/stubs
cat > /run/stubs/sudo <<'EOF'
#!/bin/sh
[ "$1" = -u ] || exec "$@"
user=$2; shift 2
exec runuser -u "$user" -- "$@"
EOF
# Stands in for a person with an editor.
cat > /run/stubs/sudoedit <<'EOF'
#!/bin/sh
sed -i -e 's/^port = .*/port = 2525/' -e 's/^sender = .*/sender = a@example.com/' -e 's/^rec.*/recipients = b@example.com/' "$1"
EOF
chmod 755 /run/stubs/*
export PATH=/run/stubs:$PATH
start_mail_server
start_database
start_app

awk -v out=/run/block- '/^```sh$/ { inside = 1; number++; next } /^```$/ { inside = 0 } inside { print > (out number) }' "$1"
for number in $(seq "$(ls /run/block-* | wc -l)"); do
  echo "# block $number"
  cd /
  bash -eux -o pipefail "/run/block-$number" > /run/output 2>&1 || { cat /run/output; fail "block $number"; }
  cat /run/output
  if grep -q "systemd-analyze verify" "/run/block-$number"; then
    check "verify prints nothing" sh -c '! grep -A1 "^+ systemd-analyze verify" /run/output | grep -v "^+"'
  fi
done
grep -h "^Subject:" $MAILS/* || fail "no test alert arrived"
check "the job ran" sh -c 'journalctl -q -o cat -u subs-trial-check.service | grep "^job=trial-check outcome=ok"'
check "no unit is left" sh -c '! ls /etc/systemd/system/subs-*.service'
echo "done"
