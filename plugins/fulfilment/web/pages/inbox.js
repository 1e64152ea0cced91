// What is open, by cause; what waits for the merchant. Also the merchant's own tab.
import { C, ROOT, Router, To, Trouble, Waiting, call, h, orderPath, useData, useLanguage, useState } from "./shared.js";

const SHOWN = 20;
const MANY = 200;

export function Case({ one, changed, full = false }) {
  const { t, language, time } = useLanguage();
  const [note, setNote] = useState(null);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const act = (what, body, after = () => {}) => {
    setBusy(true);
    call(`exceptions/${one.exception_id}/${what}`, body)
      .then(() => { setError(null); after(); changed(); }, setError)
      .finally(() => setBusy(false));
  };
  const rests = one.next_try !== null && new Date(one.next_try) > new Date();
  const seen = one.acknowledged_at !== null;
  const about = one.order_id === null ? one.subject.replace(/^merchant$/, "") : h(To, { to: orderPath(one) }, one.order_id);
  const merchant = one.merchant === "_defaults" ? t("all_merchants") : one.merchant;
  return h(C.Box, { borderTopWidth: "1px", py: 2 },
    h(C.HStack, { gap: 3, flexWrap: "wrap" },
      h(C.Text, { fontWeight: "medium" }, merchant), about,
      full && h(C.Badge, null, one.code),
      h(C.Text, { color: "fg.muted", fontSize: "sm" }, `${t("since")} ${time(one.first_seen_at)}`,
        one.times > 1 ? `, ${t("times", { n: one.times })}` : "",
        one.next_try ? `, ${rests ? `${t("next_try")} ${time(one.next_try)}` : t("due")}` : "")),
    h(C.Text, null, one[language]),
    h(C.Text, { color: "fg.muted" }, `${t("to_do_text")}: ${one[`action_${language}`]}`),
    seen && h(C.Text, { fontSize: "sm" }, t("acknowledged", { by: one.acknowledged_by, at: time(one.acknowledged_at) }),
      one.acknowledged_note ? `: ${one.acknowledged_note}` : ""),
    h(Trouble, { error }),
    one.may_act && h(C.HStack, { mt: 1 },
      note === null && h(C.Button, { size: "xs", variant: "outline", onClick: () => setNote("") }, t("acknowledge")),
      rests && h(C.Button, { size: "xs", variant: "outline", disabled: busy,
        onClick: () => act("retry", {}) }, t("retry"))),
    note !== null && h("form", { onSubmit: (event) => { event.preventDefault(); act("acknowledge", { note }, () => setNote(null)); } },
      h(C.HStack, { mt: 1 },
        h(C.Input, { size: "xs", maxLength: 500, autoFocus: true, value: note, placeholder: t("note"), "aria-label": t("note"),
          onChange: (event) => setNote(event.target.value) }),
        h(C.Button, { size: "xs", type: "submit", disabled: busy }, t("save")),
        h(C.Button, { size: "xs", variant: "ghost", onClick: () => setNote(null) }, t("cancel")))));
}

function Group({ group, cases, chosen, changed }) {
  const { t, time } = useLanguage();
  const [limit, setLimit] = useState(SHOWN);
  const more = useData(limit > SHOWN ? `exceptions?code=${group.code}&limit=${limit}${chosen}` : null);
  const listed = limit > SHOWN && more.data ? more.data.cases : cases;
  const left = group.cases - listed.length;
  const refresh = () => { changed(); more.reload(); };
  return h(C.Box, { as: "section", borderWidth: "1px", borderRadius: "md", p: 3, my: 3 },
    h(C.HStack, { gap: 3, flexWrap: "wrap", mb: 1 },
      h(C.Heading, { size: "sm" }, group.code),
      h(C.Text, null, t("cases", group)),
      h(C.Text, { color: "fg.muted", fontSize: "sm" }, `${t("since")} ${time(group.since)}`),
      group.acknowledged > 0 && h(C.Badge, null, t("acknowledged_count", { n: group.acknowledged }))),
    listed.map((one) => h(Case, { key: one.exception_id, one, changed: refresh })),
    left > 0 && limit < 500 && h(C.Button, { size: "xs", variant: "ghost", onClick: () => setLimit(500) }, t("more", { n: left })));
}

function WaitsForMerchant({ chosen }) {
  const { t, language, count, time } = useLanguage();
  const { data, error } = useData(`orders?state=invalid&state=no_stock&limit=${MANY}${chosen}`, 30);
  if (!data) return error ? h(Trouble, { error }) : null;
  const causes = new Map();
  for (const one of data.orders) {
    const cause = one.reason_code ?? one.state;
    causes.set(cause, [...(causes.get(cause) ?? []), one]);
  }
  if (!causes.size) return null;
  return h(C.Box, { as: "section", my: 6 },
    h(C.Heading, { size: "md" }, t("waits_for_merchant"), ": ",
      data.next ? t("at_least", { n: data.orders.length }) : count("stand", data.orders.length)),
    h(C.Text, { color: "fg.muted" }, t("waits_explained")),
    [...causes].sort((a, b) => b[1].length - a[1].length).map(([code, orders]) =>
      h(C.Box, { key: code, borderWidth: "1px", borderRadius: "md", p: 3, my: 3 },
        h(C.HStack, { gap: 3 }, h(C.Heading, { size: "sm" }, code), h(C.Text, null, count("stand", orders.length))),
        orders.map((one) => h(C.HStack, { key: orderPath(one), gap: 3, flexWrap: "wrap" },
          h(C.Text, { fontWeight: "medium" }, one.merchant), h(To, { to: orderPath(one) }, one.order_id),
          h(C.Text, null, one[`reason_${language}`]),
          h(C.Text, { color: "fg.muted", fontSize: "sm" }, `${t("since")} ${time(one.since)}`))))));
}

export function Inbox({ merchant }) {
  const { t } = useLanguage();
  const chosen = merchant ? `&merchant=${encodeURIComponent(merchant)}` : "";
  const { data, error, reload } = useData(`exceptions?limit=${SHOWN}${chosen}`, 30);
  if (!data) return error ? h(Trouble, { error }) : h(Waiting);
  return h(C.Box, null,
    h(Trouble, { error }),
    data.groups.length === 0 && h(C.Text, { my: 3 }, t("nothing_open")),
    data.groups.map((group) => h(Group, { key: group.code, group, chosen, changed: reload,
      cases: data.cases.filter((one) => one.code === group.code) })),
    h(WaitsForMerchant, { chosen }));
}

export function InboxPage() {
  const { t } = useLanguage();
  const [query] = Router.useSearchParams();
  const merchant = query.get("merchant") ?? "";
  return h(C.Box, null,
    merchant && h(C.HStack, { my: 2, gap: 3 },
      h(C.Text, { fontWeight: "bold" }, `${t("merchant")}: ${merchant}`),
      h(To, { to: `${ROOT}/inbox` }, t("show_all"))),
    h(Inbox, { key: merchant, merchant }));
}
