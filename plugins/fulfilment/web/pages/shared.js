// What all pages share: elements, language, times, and the way to the JSON of this server.
// Every text becomes a text node of React: nothing that comes from an order is ever read as HTML.
import { texts } from "./texts.js";

const { React, ChakraUI: C, ReactRouterDOM: Router } = globalThis;
export { C, Router };
export const h = React.createElement;
export const { useState, useEffect, useCallback } = React;

export const ROOT = "/plugin/fulfilment";
export const PREFIX = "fulfilment__";
const COOKIE = "fulfilment_language";
const LOCALES = { de: "de-DE", en: "en-GB" };
const base = () => new URL(document.baseURI).pathname;

function chosen() {
  const kept = document.cookie.split("; ").find((one) => one.startsWith(`${COOKIE}=`));
  const language = kept ? kept.split("=")[1] : navigator.language.slice(0, 2);
  return language === "de" ? "de" : "en";
}

// The viewer's language, for every part of the page that shows words.
const listeners = new Set();
export function useLanguage() {
  const [language, set] = useState(chosen);
  useEffect(() => {
    listeners.add(set);
    return () => listeners.delete(set);
  }, []);
  const t = (key, values = {}) =>
    (texts[language][key] ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  const count = (key, n, values = {}) =>
    t(`${key}_${n === 0 ? "none" : n === 1 ? "one" : "many"}`, { n, ...values });
  const swap = () => {
    const other = language === "de" ? "en" : "de";
    document.cookie = `${COOKIE}=${other}; path=${base()}; max-age=31536000; samesite=lax`;
    listeners.forEach((one) => one(other));
  };
  const time = (text, more = {}) => (text ? new Date(text).toLocaleString(LOCALES[language], {
    day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit", ...more }) : t("never"));
  return { language, t, count, swap, time };
}

export function age(since, at) {
  const minutes = Math.max(0, Math.floor((new Date(at) - new Date(since)) / 60000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d`;
}

export async function call(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Fulfilment-Desk": "1" },
    body: JSON.stringify(body),
  };
  const address = new URL(`fulfilment/api/v1/${path}`, document.baseURI);
  const answer = await fetch(address, { credentials: "same-origin", ...options });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const error = new Error(data.detail ?? `${answer.status}`);
    error.status = answer.status;
    throw error;
  }
  return data;
}

// Data of a path, read again every so many seconds; what was read stays until there is newer.
// Without a path nothing is read.
export function useData(path, seconds = 0) {
  const [state, set] = useState({ path, data: null, error: null });
  const [turn, again] = useState(0);
  useEffect(() => {
    if (!path) return undefined;
    let over = false;
    const read = () => call(path).then(
      (data) => over || set({ path, data, error: null }),
      (error) => over || set((old) => ({ path, data: old.path === path ? old.data : null, error })),
    );
    read();
    const timer = seconds && setInterval(() => document.hidden || read(), seconds * 1000);
    return () => { over = true; clearInterval(timer); };
  }, [path, seconds, turn]);
  const reload = useCallback(() => again((n) => n + 1), []);
  const own = state.path === path ? state : { data: null, error: null };
  return { data: own.data, error: own.error, reload };
}

export function To({ to, children, ...more }) {
  return h(C.Link, { asChild: true, color: "fg.info", ...more }, h(Router.Link, { to }, children));
}

export const orderPath = (one) => `${ROOT}/orders/${one.merchant}/${one.order_id}`;

export function Trouble({ error }) {
  const { t } = useLanguage();
  if (!error) return null;
  const words = error.status === 401 ? t("log_in") : t("failed", { detail: error.message });
  return h(C.Text, { color: "fg.error", role: "alert", my: 2 }, words);
}

export function Waiting() {
  return h(C.Text, { color: "fg.muted", my: 2 }, useLanguage().t("loading"));
}

export function Grid({ heads, rows, none }) {
  if (!rows.length) return h(C.Text, { color: "fg.muted" }, none);
  return h(C.Table.ScrollArea, null, h(C.Table.Root, { size: "sm" },
    h(C.Table.Header, null, h(C.Table.Row, null,
      heads.map((head, i) => h(C.Table.ColumnHeader, { key: i }, head)))),
    h(C.Table.Body, null, rows.map((row, r) => h(C.Table.Row, { key: r },
      row.map((cell, i) => h(C.Table.Cell, { key: i }, cell)))))));
}

export function SearchBox() {
  const { t } = useLanguage();
  const [words, set] = useState("");
  const go = Router.useNavigate();
  const submit = (event) => {
    event.preventDefault();
    if (words.trim()) go(`${ROOT}/orders?q=${encodeURIComponent(words.trim())}`);
  };
  return h("form", { onSubmit: submit, role: "search" }, h(C.HStack, null,
    h(C.Input, { size: "sm", width: "26rem", value: words, placeholder: t("search"), "aria-label": t("search"),
      onChange: (event) => set(event.target.value) }),
    h(C.Button, { size: "sm", type: "submit", variant: "outline" }, t("find"))));
}
