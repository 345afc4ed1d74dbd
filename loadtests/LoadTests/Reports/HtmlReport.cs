using System.Globalization;
using System.Net;
using System.Text;
using Lambda.Load;

namespace Lambda.LoadTests.Reports;

/// <summary>One page without scripts or anything from elsewhere.</summary>
internal static class HtmlReport
{
    private const int Width = 900, Height = 160;

    public static string Of(LoadTestReport report)
    {
        var page = new StringBuilder();
        page.Append("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>").Append(Text($"Load test {report.Scenario}")).Append("</title><style>").Append(Style).Append("</style>");
        page.Append(CultureInfo.InvariantCulture, $"<h1>{Text(report.Scenario)} <span class=\"{(report.IsVerified ? "ok\">verified" : "bad\">wrong")}</span></h1><p>{Text(report.What)}</p>");
        page.Append(CultureInfo.InvariantCulture, $"<p>{report.StartedAt:yyyy-MM-dd HH:mm:ss} UTC, {report.Time.TotalSeconds:0.#} s, runner {Text(report.Runner)}, {report.Acknowledged:#,0} events acknowledged, at {Text(string.Join(", ", report.Urls))}</p>");
        Checks(page, report);
        Flows(page, report);
        foreach (var flow in report.Flows) Charts(page, flow, report);
        return page.Append("</html>\n").ToString();
    }

    private static void Checks(StringBuilder page, LoadTestReport report)
    {
        page.Append("<h2>Checks</h2><table><tr><th>what<th>expected<th>found<th></tr>");
        foreach (var check in report.Checks)
        {
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(check.Name)}<td class=n>{Text(check.Expected)}<td class=n>{Text(check.Actual)}<td class={(check.IsRight ? "ok>ok" : "bad>wrong")}</tr>");
            foreach (var line in check.Detail) page.Append(CultureInfo.InvariantCulture, $"<tr><td colspan=4 class=detail>{Text(line)}</tr>");
        }
        page.Append("</table>");
    }

    private static void Flows(StringBuilder page, LoadTestReport report)
    {
        page.Append("<h2>Latency</h2><p>Milliseconds, from when a request was due.</p><table><tr><th>flow<th>requests<th>per second<th>failed<th>lost");
        foreach (var p in FlowReport.Percentiles) page.Append(CultureInfo.InvariantCulture, $"<th>{(p == 100 ? "max" : $"p{p}")}");
        page.Append("<th>last failure after the loss</tr>");
        foreach (var flow in report.Flows)
        {
            var load = flow.Load;
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{Text(flow.Name)}<td class=n>{load.Requests:#,0}<td class=n>{load.PerSecond:#,0.0}<td class=n>{load.Failed:#,0}<td class=n>{load.Lost:#,0}");
            foreach (var p in FlowReport.Percentiles) page.Append(CultureInfo.InvariantCulture, $"<td class=n>{(load.Latency.TotalCount == 0 ? "" : load.Ms(p).ToString("0.##", CultureInfo.InvariantCulture))}");
            page.Append(CultureInfo.InvariantCulture, $"<td class=n>{(report.Outage(flow) is { } outage ? $"{outage.TotalSeconds:0.#} s" : "")}</tr>");
        }
        page.Append("</table>");
    }

    private static void Charts(StringBuilder page, FlowReport flow, LoadTestReport report)
    {
        var seconds = flow.Load.Seconds;
        if (seconds.Count == 0) return;
        Chart(page, $"{flow.Name}: answers a second, failed ones in red", report, seconds, s => s.Requests, s => s.Failed);
        Chart(page, $"{flow.Name}: slowest of each second, ms, mean in red", report, seconds, s => s.MaxMs, s => s.MeanMs);
    }

    private static void Chart(StringBuilder page, string title, LoadTestReport report, IReadOnlyList<LoadSecond> seconds, Func<LoadSecond, double> first, Func<LoadSecond, double> second)
    {
        var top = Math.Max(1e-3, seconds.Max(first));
        page.Append(CultureInfo.InvariantCulture, $"<h3>{Text(title)}</h3><svg viewBox=\"0 0 {Width} {Height + 20}\" role=img><text x=0 y=12>{top:#,0.##}</text>");
        foreach (var incident in report.Incidents)
        {
            var x = X(incident.At.TotalSeconds);
            page.Append(CultureInfo.InvariantCulture, $"<line x1={x:0.#} x2={x:0.#} y1=0 y2={Height} class=incident /><text x={x + 3:0.#} y=26>{Text(incident.What)}</text>");
        }
        Line("a", first);
        Line("b", second);
        page.Append("</svg>");

        double X(double at) => at / Math.Max(1, seconds.Count) * Width;

        void Line(string style, Func<LoadSecond, double> value)
        {
            var points = string.Join(' ', seconds.Select(s => string.Create(CultureInfo.InvariantCulture, $"{X(s.Second + 0.5):0.#},{Height - value(s) / top * Height:0.#}")));
            page.Append(CultureInfo.InvariantCulture, $"<polyline class={style} points=\"{points}\" />");
        }
    }

    private static string Text(string text) => WebUtility.HtmlEncode(text);

    private const string Style =
        "body{font:15px system-ui,sans-serif;margin:2em auto;max-width:960px;color:#222}table{border-collapse:collapse}td,th{padding:.3em .7em;border-bottom:1px solid #ddd;text-align:left}"
        + ".n{text-align:right;font-variant-numeric:tabular-nums}.ok{color:#17692a}.bad{color:#b3261e;font-weight:600}.detail{color:#555;font-size:.9em}svg{background:#fafafa;width:100%}"
        + "svg text{font-size:11px;fill:#666}polyline{fill:none;stroke-width:1.5}.a{stroke:#1f5fa8}.b{stroke:#b3261e}.incident{stroke:#b3261e;stroke-dasharray:4 3}";
}
