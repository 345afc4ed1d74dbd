using System.Globalization;
using System.Text;

namespace Lambda.LoadTests.Reports;

/// <summary>For the terminal.</summary>
internal static class TextReport
{
    public static string Of(LoadTestReport report)
    {
        var text = new StringBuilder();
        foreach (var flow in report.Flows)
        {
            var load = flow.Load;
            text.Append(CultureInfo.InvariantCulture, $"{flow.Name,-10} {load.PerSecond,9:#,0.0}/s  {load.Requests,9:#,0} answered  {load.Failed,6:#,0} failed");
            if (load.Latency.TotalCount > 0) text.Append(CultureInfo.InvariantCulture, $"   p50 {load.Ms(50):0.##} ms  p99 {load.Ms(99):0.##} ms  p99.9 {load.Ms(99.9):0.##} ms  max {load.Ms(100):0.#} ms");
            if (report.Outage(flow) is { } outage) text.Append(CultureInfo.InvariantCulture, $"   last failure {outage.TotalSeconds:0.#} s after the loss");
            text.AppendLine();
            if (load.FirstFailure is { } first) text.AppendLine(CultureInfo.InvariantCulture, $"{"",-10} first failure: {first.ReplaceLineEndings(" ")}");
        }
        foreach (var incident in report.Incidents) text.AppendLine(CultureInfo.InvariantCulture, $"{incident.At.TotalSeconds,8:0.0} s  {incident.What}");
        foreach (var check in report.Checks)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{(check.IsRight ? "ok   " : "WRONG")}  {check.Name}: {check.Actual}{(check.IsRight ? "" : $", expected {check.Expected}")}");
            foreach (var line in check.Detail) text.AppendLine(CultureInfo.InvariantCulture, $"         {line}");
        }
        return text.ToString();
    }
}
