#!/bin/sh
# Makes the certificate of the tests' own https servers: for this machine's names only, its key is public, and nothing
# but these tests trusts it. Needs openssl 1.1.1 or newer.
set -eu
cd "$(dirname "$0")/tls"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
  -subj '/CN=shiftscope tests' -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1' \
  -addext 'extendedKeyUsage=serverAuth' -keyout key.pem -out certificate.pem
