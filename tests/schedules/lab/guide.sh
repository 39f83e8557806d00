#!/bin/bash
# Every shell block of the guide, in order and as written; a block that fails ends the scenario: guide.sh GUIDE
set -u
HERE=$PWD
mkdir -p /run/stubs
printf '#!/bin/sh\nexec "$@"\n' > /run/stubs/sudo
# Stands in for a person with an editor.
cat > /run/stubs/sudoedit <<'EOF'
#!/bin/sh
sed -i -e 's/^port = .*/port = 2525/' -e 's/^sender = .*/sender = a@example.com/' -e 's/^rec.*/recipients = b@example.com/' "$1"
EOF
chmod 755 /run/stubs/*
export PATH=/run/stubs:$PATH
systemd-run --quiet --unit=lab-sink /opt/app/venv/bin/python "$HERE/sink.py" 2525 /run/mails
# The jobs themselves are not the guide's matter, and there is no database here.
mkdir -p /run/systemd/system/subs-trial-check.service.d
printf '[Service]\nExecStart=\nExecStart=/bin/true\n' > /run/systemd/system/subs-trial-check.service.d/stand-in.conf

awk -v out=/run/block- '/^```sh$/ { inside = 1; number++; next } /^```$/ { inside = 0 } inside { print > (out number) }' "$1"
for number in $(seq "$(ls /run/block-* | wc -l)"); do
  echo "# block $number"
  bash -eux -o pipefail "/run/block-$number" 2>&1 || { echo "FAILED: block $number"; journalctl --no-pager -n 30; exit 1; }
done
grep -h "^Subject:" /run/mails/* || { echo "FAILED: no test alert arrived"; exit 1; }
ls /etc/systemd/system/subs-*.service 2>/dev/null && { echo "FAILED: units are left"; exit 1; }
echo "done"
