// A client with Node's standard library alone, written as programs against the real service are.
// It is told the base URL, the API key and two spellings of the private key, and prints what each
// of its requests was answered as one JSON object, by the name of the request.
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import querystring from "node:querystring";

const [baseUrl, apiKey, pemPath, pkcs1Path] = process.argv.slice(2);
const pem = fs.readFileSync(pemPath, "utf8");
// The vendor gives the secret out as what stands between the lines of the PEM file.
const secret = pem.split("\n").filter((line) => !line.startsWith("-----")).join("");
const fromSecret = crypto.createPrivateKey({
  key: Buffer.from(secret, "base64"),
  format: "der",
  type: "pkcs8",
});
const fromPkcs1 = crypto.createPrivateKey(fs.readFileSync(pkcs1Path, "utf8"));
const LABEL = "Börse & Söhne: [a,b] $1+1 50%~'(x)!*";

function sign(text, key = fromSecret) {
  return crypto.sign("sha512", Buffer.from(text), key).toString("base64");
}

function send(method, path, headers, body) {
  // Of a whole URL Node would rewrite some characters of the query, and what is signed is not sent.
  const { hostname, port } = new URL(baseUrl);
  return receive((told) => http.request({ hostname, port, path, method, headers }, told), body);
}

function receive(start, body) {
  return new Promise((resolve, reject) => {
    const request = start((response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (text += part));
      response.on("end", () => resolve(JSON.parse(text)));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function get(path, query, { key, names = ["open-apikey", "signature"], more = {} } = {}) {
  const headers = { [names[0]]: apiKey, [names[1]]: sign(query, key), ...more };
  return send("GET", `${path}?${query}`, headers);
}

function post(path, body, { key, more = {} } = {}) {
  const headers = { "open-apikey": apiKey, signature: sign(body, key), ...more };
  return send("POST", path, headers, body);
}

// As axios writes parameters: five characters of encodeURIComponent are taken back, %20 is a plus.
function likeAxios(parameters) {
  const encode = (text) =>
    encodeURIComponent(text)
      .replace(/%3A/gi, ":")
      .replace(/%24/g, "$")
      .replace(/%2C/gi, ",")
      .replace(/%20/g, "+");
  return Object.entries(parameters)
    .map(([name, value]) => `${encode(name)}=${encode(String(value))}`)
    .join("&");
}

const WHITELIST = "/open-api/v1/wallet/pageWhitelist";
const LINKS = "/open-api/v1/mirrorX/mirrorXLinkId/list";
const ORDER = "/open-api/v1/mirrorX/order";
const told = {};

told.added = await post(
  "/open-api/v1/wallet/addWhitelist",
  JSON.stringify({
    timestamp: Date.now(),
    addressType: 1,
    address: "0x27B1fdb04752Bbc536007A920D24ACB045561c26",
    label: LABEL,
    symbol: "USDT",
    network: "ETH",
    confirmation: "confirmed",
  }),
  { more: { "Content-Type": "application/json" } },
);
told.querystring = await get(
  WHITELIST,
  querystring.stringify({ timestamp: Date.now(), label: LABEL, pageNo: 1, pageLimit: 25 }),
  { more: { "Content-Type": "application/json" } },
);
told.axios = await get(
  WHITELIST,
  likeAxios({ pageLimit: 25, label: LABEL, timestamp: Date.now(), pageNo: 1 }),
);
told.search_params = await get(
  WHITELIST,
  new URLSearchParams({ label: LABEL, pageNo: "1", timestamp: String(Date.now()) }).toString(),
);
told.pkcs1 = await get(LINKS, `timestamp=${Date.now()}`, { key: fromPkcs1 });
told.upper_case_headers = await get(LINKS, `pageNo=1&timestamp=${Date.now()}`, {
  names: ["OPEN-APIKEY", "Signature"],
  more: { "CONTENT-TYPE": "application/json;charset=utf-8" },
});
told.numbers = await post(
  ORDER,
  `{"timestamp": ${Date.now()}, "requestId": ${2 ** 40}, "mirrorXLinkId": 7127,` +
    ` "orderType": 10, "coinSymbol": "USDT", "amount": 12.5}`,
);
told.texts = await post(
  ORDER,
  JSON.stringify(
    {
      amount: "12.5",
      coinSymbol: "USDT",
      mirrorXLinkId: "7127",
      orderType: "20",
      requestId: String(2 ** 40 + 1),
      timestamp: String(Date.now()),
    },
    null,
    2,
  ),
  { key: fromPkcs1, more: { "content-type": "application/json; charset=utf-8" } },
);
const quoted = `label='&timestamp=${Date.now()}`;
told.rewritten_after_signing = await receive((answered) =>
  http.request(
    `${baseUrl}${WHITELIST}?${quoted}`,
    { headers: { "open-apikey": apiKey, signature: sign(quoted) } },
    answered,
  ),
);
told.number_as_float = await post(
  "/open-api/v1/wallet/withdrawal",
  `{"amount":"20","coinSymbol":"USDT","network":"ETH","walletId":374671162262925300,` +
    `"withdrawalAddress":"0x52908400098527886E0F7030069857D2E4169EE7","toWalletIdStr":"",` +
    `"requestId":77,"timestamp":${Date.now()}}`,
);
console.log(JSON.stringify(told));
