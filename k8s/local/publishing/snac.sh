#!/bin/sh
# snac as the demo runs it: SNAC_HOST is the address that its pages and posts tell, SNAC_USER its one account.
set -eu
data=/data/snac
if [ ! -e "$data" ]; then
    rm -rf /data/new
    printf '0.0.0.0\n8001\n%s\n\n\n' "$SNAC_HOST" | snac init /data/new > /dev/null
    sed -i 's/"protocol": "https"/"protocol": "http"/' /data/new/server.json
    mv /data/new "$data"
fi
# It prints a password, which nobody needs: whoever wants in sets a new one.
[ -d "$data/user/$SNAC_USER" ] || snac adduser "$data" "$SNAC_USER" > /dev/null
exec snac httpd "$data"
