// All merchants side by side, and the one line on Airflow's own Home.
import { C, ROOT, To, Trouble, Waiting, age, h, useData, useLanguage, useState } from "./shared.js";

const midnight = () => { const day = new Date(); day.setHours(0, 0, 0, 0); return day.toISOString(); };
const COUNTS = ["not_handed_over", "at_warehouse", "waiting_for_goods", "bad_address", "no_stock",
  "set_aside", "shipped_today", "cancelled_too_late"];
const SHOUTS = new Set(["bad_address", "set_aside", "cancelled_too_late"]);
const open = (line) => Object.values(line.exceptions).reduce((sum, n) => sum + n, 0);
const VALUES = {
  merchant: (line) => line.merchant,
  mode: (line) => line.mode,
  to_do: (line) => line.to_do + line.to_do_others,
  oldest: (line) => (line.oldest ? -new Date(line.oldest) : -Infinity),
  exceptions: open,
  systems: (line) => line.circuits.length,
  last_look: (line) => line.last_look ?? "",
  ...Object.fromEntries(COUNTS.map((name) => [name, (line) => line[name]])),
};
const COLUMNS = ["merchant", "mode", "to_do", "systems", "not_handed_over", "oldest",
  ...COUNTS.slice(1), "exceptions", "last_look"];

function compare(a, b) { return a < b ? -1 : a > b ? 1 : 0; }

// Who needs a person first; then whose system rests; then by name.
const urgent = (a, b) => compare(VALUES.to_do(b), VALUES.to_do(a))
  || compare(b.circuits.length, a.circuits.length) || compare(a.merchant, b.merchant);

export function Down({ totals }) {
  const { count, time } = useLanguage();
  return totals.down.map((one) => h(C.Text, { key: `${one.system} ${one.code}`, color: "fg.error" },
    count("down", one.merchants, { system: one.system, code: one.code, since: time(one.since), waiting: one.waiting })));
}

export function Board() {
  const { t, count, time } = useLanguage();
  const [sort, setSort] = useState(null);
  const [filter, setFilter] = useState("");
  const { data, error } = useData(`board?since=${encodeURIComponent(midnight())}`, 15);
  if (!data) return error ? h(Trouble, { error }) : h(Waiting);
  const by = sort && ((a, b) => sort.way * compare(VALUES[sort.name](a), VALUES[sort.name](b)));
  const lines = data.merchants.filter((line) => line.merchant.includes(filter.trim().toLowerCase()))
    .sort((a, b) => (by && by(a, b)) || urgent(a, b));
  const turn = (name) => setSort((old) => {
    const first = name === "merchant" || name === "mode" ? 1 : -1;
    return { name, way: old?.name === name ? -old.way : first };
  });
  const cell = (line, name) => {
    if (name === "merchant") {
      return line.merchant === "_defaults" ? t("all_merchants")
        : h(To, { to: `${ROOT}/inbox?merchant=${line.merchant}`, fontWeight: "medium" }, line.merchant);
    }
    if (name === "mode") {
      const why = [line.mode_by, line.mode_reason].filter(Boolean).join(": ");
      const quiet = line.mode === "live";
      return h(C.Badge, { title: quiet ? undefined : why, colorPalette: quiet ? "green" : "orange" }, t(`mode_${line.mode}`));
    }
    if (name === "to_do") {
      const n = VALUES.to_do(line);
      return n ? h(To, { to: `${ROOT}/inbox?merchant=${line.merchant}`, fontWeight: "bold", color: "fg.error" }, n) : 0;
    }
    if (name === "systems") {
      if (!line.circuits.length) return h(C.Text, { color: "fg.muted" }, t("answering"));
      return line.circuits.map((one) => h(C.Text, { key: one.system, color: "fg.error", title: one.text },
        t("down", { system: one.system, code: one.code, since: time(one.since), next: time(one.next_try) })));
    }
    if (name === "oldest") return line.oldest ? age(line.oldest, data.at) : "–";
    if (name === "exceptions") {
      const codes = Object.entries(line.exceptions).map(([code, n]) => `${code}: ${n}`).join("\n");
      return h(C.Text, { as: "span", title: codes || undefined }, open(line));
    }
    if (name === "last_look") return time(line.last_look);
    return h(C.Text, { as: "span", color: line[name] && SHOUTS.has(name) ? "fg.error" : undefined }, line[name]);
  };
  const head = (name) => h(C.Table.ColumnHeader, { key: name, verticalAlign: "bottom", whiteSpace: "normal", "aria-sort":
    sort?.name === name ? (sort.way > 0 ? "ascending" : "descending") : "none" },
  h("button", { type: "button", onClick: () => turn(name), style: { textAlign: "start", fontWeight: "inherit", cursor: "pointer" } },
    t(name), sort?.name === name ? (sort.way > 0 ? " ↑" : " ↓") : ""));
  return h(C.Box, null,
    h(Trouble, { error }),
    h(Down, { totals: data.totals }),
    h(C.HStack, { my: 3, gap: 6, flexWrap: "wrap" },
      h(C.Text, { fontWeight: "bold", fontSize: "lg" }, count("to_do", data.totals.to_do)),
      h(C.Text, { color: "fg.muted" }, `${t("not_handed_over")}: ${data.totals.not_handed_over}`),
      h(C.Text, { color: "fg.muted" }, `${t("at_warehouse")}: ${data.totals.at_warehouse}`),
      h(C.Text, { color: "fg.muted" }, `${t("shipped_today")}: ${data.totals.shipped_today}`),
      h(C.Text, { color: "fg.muted", fontSize: "sm" }, t("as_of", { at: time(data.at) })),
      h(C.Input, { size: "sm", width: "14rem", ms: "auto", value: filter, placeholder: t("filter"), "aria-label": t("filter"),
        onChange: (event) => setFilter(event.target.value) })),
    data.merchants.length === 0 ? h(C.Text, null, t("no_merchants"))
      : h(C.Table.ScrollArea, null, h(C.Table.Root, { size: "sm", interactive: true },
        h(C.Table.Header, null, h(C.Table.Row, null, COLUMNS.map(head))),
        h(C.Table.Body, null, lines.map((line) => h(C.Table.Row, { key: line.merchant },
          COLUMNS.map((name) => h(C.Table.Cell, { key: name }, cell(line, name)))))))));
}

export function HomeCard() {
  const { t, count } = useLanguage();
  const { data, error } = useData("summary", 30);
  if (error && !data) return h(Trouble, { error });
  if (!data) return null;
  const quiet = data.to_do === 0 && data.to_do_others === 0 && data.down.length === 0;
  return h(C.Box, { borderWidth: "1px", borderRadius: "md", borderColor: quiet ? "border" : "border.error", px: 4, py: 2, my: 2 },
    h(C.HStack, { gap: 3, flexWrap: "wrap" },
      h(C.Text, { fontWeight: "bold" }, "Fulfilment"),
      h(C.Text, { color: data.to_do ? "fg.error" : undefined }, count("to_do", data.to_do)),
      h(C.Text, { color: "fg.muted" }, `· ${count("others", data.to_do_others)} · ${count("stock", data.no_stock)}`),
      h(To, { to: `${ROOT}/inbox` }, t("open_inbox")),
      h(To, { to: ROOT }, t("open_board"))),
    h(Down, { totals: data }));
}
