#!/bin/sh
# Makes the certificates of packages/webhook/test/fixtures/tls. They and their keys are public: nothing but tests may
# trust them. Needs openssl 3. Run from the root of the repository; the output is checked in.
set -eu

out=packages/webhook/test/fixtures/tls
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

# `openssl ca`, since older openssl sets dates nowhere else: they start early enough for machines with a slow clock.
cat >"$work/ca.cnf" <<EOF
[ca]
default_ca = test
[test]
database = $work/index.txt
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
EOF
: >"$work/index.txt"

# name, subject, start, end, extensions, further options of `openssl ca`
new_certificate() {
  printf '%s\n' "$5" >"$work/ext"
  [ -f "$work/$1.key" ] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key"
  openssl req -new -key "$work/$1.key" -subj "/CN=$2" -out "$work/$1.csr"
  # shellcheck disable=SC2086
  openssl ca -config "$work/ca.cnf" -batch -notext -in "$work/$1.csr" -out "$out/$1.pem" \
    -startdate "$3" -enddate "$4" -extfile "$work/ext" $6 2>/dev/null
}

# name, subject, end, usage, alternative names
new_leaf() {
  new_certificate "$1" "$2" 20200101000000Z "$3" "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=$4
subjectAltName=$5" "-cert $out/ca.pem -keyfile $work/ca.key"
  cp "$work/$1.key" "$out/$1.key"
  chmod 644 "$out/$1.key"
}

new_certificate ca "Test only, never trust" 20200101000000Z 21200101000000Z "basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign" "-selfsign -keyfile $work/ca.key" || exit 1

names="DNS:hook.example.test,DNS:localhost,IP:127.0.0.1,IP:::1"
new_leaf server hook.example.test 21200101000000Z serverAuth "$names"
new_leaf client client.example.test 21200101000000Z clientAuth "DNS:client.example.test"
new_leaf expired hook.example.test 20210101000000Z serverAuth "$names"

# Signed by nobody but itself: trusted only by who is given the certificate itself.
new_certificate self-signed hook.example.test 20200101000000Z 21200101000000Z "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=$names" "-selfsign -keyfile $work/self-signed.key"
cp "$work/self-signed.key" "$out/self-signed.key"
chmod 644 "$out/self-signed.key"
