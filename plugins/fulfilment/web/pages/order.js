// One order: where it stands, what belongs to it, what happened to it; and the way to find it.
import { C, Grid, Router, To, Trouble, Waiting, h, orderPath, useData, useEffect, useLanguage } from "./shared.js";
import { Case } from "./inbox.js";

export function Search() {
  const { t, language, time } = useLanguage();
  const [query] = Router.useSearchParams();
  const words = query.get("q") ?? "";
  const go = Router.useNavigate();
  const { data, error } = useData(words ? `orders/search?q=${encodeURIComponent(words)}` : null);
  const hits = words && data?.orders;
  const only = hits && hits.length === 1 ? orderPath(hits[0]) : null;
  useEffect(() => { if (only) go(only, { replace: true }); }, [only]);
  if (!words) return null;
  if (!hits) return error ? h(Trouble, { error }) : h(Waiting);
  if (!hits.length) return h(C.Text, { my: 3 }, t("no_hits"));
  return h(C.Box, { my: 3 }, h(C.Heading, { size: "md" }, t("hits_many"), data.more ? `: ${t("at_least", { n: hits.length })}` : ""),
    h(Grid, {
      heads: [t("merchant"), t("order"), t("state"), t("since"), t("why")],
      rows: hits.map((one) => [one.merchant, h(To, { to: orderPath(one) }, one.order_id),
        t(`state_${one.state}`), time(one.since), one[`reason_${language}`]]),
    }));
}

export function Order({ merchant, number }) {
  const { t, language, time } = useLanguage();
  const { data, error, reload } = useData(`orders/${encodeURIComponent(merchant)}/${encodeURIComponent(number)}`, 30);
  if (!data) {
    if (error?.status === 404) return h(C.Text, { my: 3 }, t("no_hits"));
    return error ? h(Trouble, { error }) : h(Waiting);
  }
  const section = (title, ...parts) => h(C.Box, { as: "section", my: 5 }, h(C.Heading, { size: "sm", mb: 2 }, title), ...parts);
  return h(C.Box, null,
    h(Trouble, { error }),
    h(C.Heading, { size: "lg", my: 3 }, data[`sentence_${language}`]),
    h(C.HStack, { gap: 4, color: "fg.muted", flexWrap: "wrap" },
      h(C.Text, null, `${t("merchant")}: ${data.merchant}`),
      h(C.Text, null, `${t("since")} ${time(data.since)}`),
      data.warehouse_status && h(C.Text, null, `${t("warehouse_status")}: ${data.warehouse_status}`,
        data.looked_at ? `, ${t("looked_at")} ${time(data.looked_at)}` : ""),
      h(To, { to: `/dags/${data.dag_id}` }, t("dag"))),
    data.cases.length > 0 && section(t("exceptions"),
      data.cases.map((one) => h(Case, { key: one.exception_id, one, changed: reload, full: true }))),
    section(t("positions"), h(Grid, { none: t("no_positions"),
      heads: [t("sku"), t("variation"), t("quantity")],
      rows: data.positions.map((one) => [one.sku, one.variation_id, one.quantity]) })),
    section(t("parcels"), h(Grid, { none: t("no_parcels"),
      heads: [t("parcel"), t("carrier"), t("tracking_number"), t("in_plentymarkets")],
      rows: data.parcels.map((one) => [one.parcel_id, one.carrier, one.tracking_number,
        t(one.in_plentymarkets ? "yes" : "no")]) })),
    section(t("diary"), h(Grid, { none: "–",
      heads: [t("at"), t("task"), t("what")],
      rows: data.diary.map((one) => [
        time(one.at, { year: "numeric", second: "2-digit" }), one.task, one[language]]) })));
}
