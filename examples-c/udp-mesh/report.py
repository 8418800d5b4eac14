"""The report: one HTML file that needs nothing else. The page is report.html beside this file, with
the figures of the run put into it."""
import html
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def thin(values, most=400):
    """At most that many of the sorted values, the ends included."""
    if len(values) <= most:
        return [round(v) for v in values]
    last = len(values) - 1
    return [round(values[i * last // (most - 1)]) for i in range(most)]


def data(plan, result):
    """What the page draws."""
    pictures = result["pictures"]
    return {
        "step": pictures["step_ms"], "end": plan.end_ms, "begin": plan.begin_ms,
        "last": plan.begin_ms + plan.span_ms, "rest": plan.work_until_ms,
        "cut": [plan.cut_from_ms, plan.cut_to_ms], "cutX": plan.cut_x, "rate": plan.rate,
        "range": plan.range_m, "loss": plan.loss_permille / 10, "trace": plan.trace, "liar": plan.liar,
        "motes": [[m, *plan.positions[m], plan.arrived[m]] for m in plan.motes],
        "links": plan.links,
        "queue": [pictures["queue"][m] for m in plan.motes],
        "running": [pictures["running"][m] for m in plan.motes],
        "alone": [pictures["alone"][m] for m in plan.motes],
        "flow": pictures["flow"],
        "power": [[ms, mote, int(on)] for ms, mote, on in plan.power],
        "curves": {name: thin(values) for name, values in result["curves"].items()},
        "jobs": result["jobs"],
        "wait": result["wait_p95_ms"], "most": result["queue_max"],
        "heal": result["heal_to_agreement_ms"],
        "equal": [max(result["digests"].values(), default=0), len(plan.motes)],
        "air": result["air"],
        "balance": [result["audits_lived"] - result["audits_unbalanced"], result["audits_lived"]],
    }


def write(plan, result, rows, path):
    """Fill the page and write it."""
    with open(os.path.join(HERE, "report.html"), encoding="utf-8") as file:
        page = file.read()
    lines = "\n".join(f"<tr><th scope=\"row\">{html.escape(label)}</th><td>{html.escape(text)}</td></tr>"
                      for label, text in rows)
    figures = json.dumps(data(plan, result), separators=(",", ":")).replace("</", "<\\/")
    page = page.replace("<!--ROWS-->", lines).replace("/*FIGURES*/null", figures)
    with open(path, "w", encoding="utf-8") as file:
        file.write(page)
