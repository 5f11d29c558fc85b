#!/bin/sh
# A client of the openssl and curl command lines: BASE_URL API_KEY KEY_FILE. Prints two answers.
set -eu
base_url=$1 api_key=$2 key_file=$3

signature() { openssl dgst -sha512 -sign "$key_file" | openssl base64 -A; }
now() { echo "$(date +%s)000"; }

query="timestamp=$(now)&excludeZeroAmountFlag=false&pageLimit=25&mirrorXLinkId=7127&pageNo=1"
curl --silent --show-error --noproxy '*' \
  --header "open-apikey: $api_key" --header "signature: $(printf %s "$query" | signature)" \
  "$base_url/open-api/v1/mirrorX/positions/list?$query"
echo
body="{ \"requestId\": 91, \"timestamp\": $(now),
  \"amount\": \"1.25\", \"coinSymbol\": \"USDT\", \"orderType\": 10, \"mirrorXLinkId\": 7127 }"
# curl says application/x-www-form-urlencoded of a body when it is told nothing.
curl --silent --show-error --noproxy '*' \
  --header "open-apikey: $api_key" --header "signature: $(printf %s "$body" | signature)" \
  --data-binary "$body" "$base_url/open-api/v1/mirrorX/order"
echo
