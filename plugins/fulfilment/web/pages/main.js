// The pages as Airflow finds them: one function per name in `react_apps` of the plugin.
import { C, PREFIX, ROOT, Router, SearchBox, To, h, useLanguage } from "./shared.js";
import { Board, HomeCard } from "./board.js";
import { Inbox, InboxPage } from "./inbox.js";
import { Order, Search } from "./order.js";

function Desk() {
  const { t, swap, language } = useLanguage();
  const { pathname } = Router.useLocation();
  const [, page = "", merchant, number] = pathname.slice(pathname.indexOf(ROOT) + ROOT.length).split("/");
  const tab = (name, to, here) => h(To, { to, key: name, fontWeight: here ? "bold" : "normal",
    color: here ? "fg" : "fg.info", "aria-current": here ? "page" : undefined }, t(name));
  let shown = h(Board);
  if (page === "inbox") shown = h(InboxPage);
  if (page === "orders") {
    shown = merchant && number
      ? h(Order, { key: pathname, merchant: decodeURIComponent(merchant), number: decodeURIComponent(number) })
      : h(Search);
  }
  return h(C.Box, { p: 2, lang: language },
    h(C.HStack, { as: "nav", gap: 5, mb: 3, flexWrap: "wrap" },
      h(C.Heading, { size: "md" }, "Fulfilment"),
      tab("board", ROOT, page === ""),
      tab("inbox", `${ROOT}/inbox`, page === "inbox"),
      h(SearchBox),
      h(C.Button, { size: "xs", variant: "ghost", ms: "auto", onClick: swap }, t("language"))),
    shown);
}

function OfDag({ dagId = "" }) {
  const { t, language } = useLanguage();
  const merchant = dagId.startsWith(PREFIX) ? dagId.slice(PREFIX.length) : "";
  if (!merchant) return h(C.Text, { p: 3 }, t("not_a_merchant"));
  return h(C.Box, { p: 3, lang: language }, h(Inbox, { key: merchant, merchant }));
}

globalThis["Fulfilment"] = Desk;
globalThis["Orders to look at"] = OfDag;
globalThis["Fulfilment today"] = HomeCard;
