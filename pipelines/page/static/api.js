// What the page asks of the server; every failure becomes an Error whose message can be shown.

const TOKEN = "segue-token";

function headers(more) {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { ...more, Authorization: `Bearer ${token}` } : more;
}

async function answered(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const error = new Error(body.detail ?? `the server answered ${response.status}`);
    error.status = response.status;
    throw error;
  }
  return body;
}

export async function get(path) {
  return answered(await fetch(path, { headers: headers({}) }));
}

/** Send a record; where the server wants a token, ask for it once. */
export async function post(path, record) {
  const send = () =>
    fetch(path, {
      method: "POST",
      headers: headers({ "Content-Type": "application/json" }),
      body: JSON.stringify(record),
    });
  let response = await send();
  if (response.status === 401) {
    const token = window.prompt("This server wants a token before you may play:");
    if (token) {
      sessionStorage.setItem(TOKEN, token);
      response = await send();
    }
  }
  return answered(response);
}

/** Follow a stream of events; the browser itself comes back after a restart. Returns how to stop. */
export function follow(path, event, onData, onState = () => {}) {
  const source = new EventSource(path);
  source.addEventListener(event, (message) => onData(JSON.parse(message.data)));
  source.addEventListener("open", () => onState(true));
  source.addEventListener("error", () => onState(false));
  return () => source.close();
}
