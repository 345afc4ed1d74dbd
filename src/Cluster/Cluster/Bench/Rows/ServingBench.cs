using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using HdrHistogram;
using Lambda.Cluster.Bench.Data;
using Lambda.Cluster.Bench.Load;
using Lambda.Load;

namespace Lambda.Cluster.Bench.Rows;

/// <summary>Questions about a million customers: one after another, each beside the same as plain SQL on the same warehouse.</summary>
internal sealed class ServingBench : IBench
{
    private const int IdsPerLookup = 100;
    private const string Exported = "\"spend\",\"spend_30d\",\"spend_90d\",\"purchases_90d\",\"avg_ticket\",\"days_inactive\",\"churn_risk_level\",\"preferred_channel\",\"points_balance\",\"country\",\"last_seen_at\",\"segments\"";

    public string Name => "serving";

    public string What => "search, segment count, lookup of 100 ids and export among 1 M customers";

    public async Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel)
    {
        var million = await Million.OfAsync(context, cancel);
        await million.SweptAsync(cancel);
        using var http = new HttpClient { BaseAddress = million.Url, Timeout = TimeSpan.FromMinutes(30) };
        var work = new Work(context, million, http);
        var (search, plainSearch, searchIsRight) = await work.CompareAsync(context.Scaled(200, 10), work.SearchAsync, cancel);
        var (count, plainCount, countIsRight) = await work.CompareAsync(context.Scaled(100, 10), work.CountAsync, cancel);
        var (lookup, lookupIsRight) = await work.LookupAsync(context.Scaled(1_000, 10), cancel);
        var (rowsPerMinute, eventsPerSecond, exportIsRight) = await work.ExportAsync(cancel);
        return
        [
            new BenchRow("serving.search.p99", Ms(search, 99), "ms", 300, Ms(plainSearch, 99), searchIsRight, Better.Lower, $"two conditions and a sort, 50 rows; p50 {Ms(search, 50):0.0} ms; limit: the same as plain SQL, p50 {Ms(plainSearch, 50):0.0} ms"),
            new BenchRow("serving.count.p99", Ms(count, 99), "ms", 200, Ms(plainCount, 99), countIsRight, Better.Lower, $"customers in a segment; p50 {Ms(count, 50):0.0} ms; limit: plain SQL, p50 {Ms(plainCount, 50):0.0} ms"),
            new BenchRow("serving.lookup.p99", Ms(lookup, 99), "ms", 5, null, lookupIsRight, Better.Lower, $"{IdsPerLookup} ids drawn evenly, five columns; p50 {Ms(lookup, 50):0.0} ms"),
            new BenchRow("serving.export", rowsPerMinute, "rows/min", 1_000_000, null, exportIsRight, Note: string.Create(CultureInfo.InvariantCulture, $"NDJSON, 13 columns, to the caller; {eventsPerSecond:#,0} events/s beside")),
        ];
    }

    private static double Ms(LongHistogram of, double percentile) => of.GetValueAtPercentile(percentile) / 1e6;

    private sealed class Work(BenchContext context, Million million, HttpClient http)
    {
        private ulong _random = 11;

        /// <summary>A question and the same as SQL in turns; both must give the same.</summary>
        public async Task<(LongHistogram Api, LongHistogram Plain, bool IsRight)> CompareAsync(int times, Func<long, CancellationToken, Task<(string Api, TimeSpan ApiTook, string Plain, TimeSpan PlainTook)>> ask, CancellationToken cancel)
        {
            var (api, plain, wrong) = (LoadReport.NewHistogram(), LoadReport.NewHistogram(), 0);
            for (var i = -3; i < times; i++)
            {
                var asked = await ask((long)(SplitMix.Next(ref _random) % 100_000), cancel);
                if (i < 0) continue; // the just-in-time compiler warms up
                api.RecordValue(asked.ApiTook.Ticks * 100);
                plain.RecordValue(asked.PlainTook.Ticks * 100);
                if (asked.Api != asked.Plain + (context.Options.Tamper ? " " : "")) wrong++;
            }
            if (wrong > 0) context.Say($"  {wrong} of {times} questions were answered otherwise than by SQL");
            return (api, plain, wrong == 0);
        }

        public async Task<(string, TimeSpan, string, TimeSpan)> SearchAsync(long random, CancellationToken cancel)
        {
            var least = random / 10;
            var (body, took) = await PostAsync("/v1/customers/search",
                $$"""{"where":"spend_90d >= {{least}} and days_inactive < 30","select":["spend_90d"],"order_by":["spend_90d desc"],"limit":50}""", cancel);
            var found = body.GetProperty("customers").EnumerateArray().Select(c => $"{c.GetProperty("customer_id").GetString()}\t{c.GetProperty("values").GetProperty("spend_90d")}");
            var (plain, plainTook) = await SqlAsync($"SELECT customer_id, spend_90d FROM customer_current WHERE spend_90d >= {least} AND days_inactive < 30 ORDER BY spend_90d DESC NULLS LAST, customer_id LIMIT 50", cancel);
            return (string.Join('\n', found), took, plain, plainTook);
        }

        public async Task<(string, TimeSpan, string, TimeSpan)> CountAsync(long random, CancellationToken cancel)
        {
            var (body, took) = await PostAsync("/v1/customers/search", """{"where":"new_customer","limit":0,"count":true}""", cancel);
            var (plain, plainTook) = await SqlAsync("SELECT count() FROM customer_current WHERE has(segments, 'new_customer')", cancel);
            return (body.GetProperty("count").GetRawText(), took, plain, plainTook);
        }

        public async Task<(LongHistogram Took, bool IsRight)> LookupAsync(int times, CancellationToken cancel)
        {
            var (histogram, wrong) = (LoadReport.NewHistogram(), 0);
            for (var i = -20; i < times; i++)
            {
                var customers = Enumerable.Range(0, IdsPerLookup).Select(_ => (int)(SplitMix.Next(ref _random) % (ulong)million.Tally.Customers)).ToArray();
                var ids = string.Join(',', customers.Select(c => $"\"{AnswerCheck.Id(c)}\""));
                var (body, took) = await PostAsync("/v1/customers/lookup", $$"""{"ids":[{{ids}}],"select":["spend","spend_90d","days_inactive","high_value","country"]}""", cancel);
                if (i < 0) continue;
                histogram.RecordValue(took.Ticks * 100);
                wrong += body.GetProperty("customers").EnumerateArray().Select((c, n) => c.GetProperty("values").GetProperty("spend").GetInt64() != context.Expected(million.Tally.SpendOf(customers[n]))).Count(isWrong => isWrong);
            }
            if (wrong > 0) context.Say($"  {wrong} customers were looked up with another spend than was generated");
            return (histogram, wrong == 0);
        }

        /// <summary>Every customer's row once, while events come in.</summary>
        public async Task<(double RowsPerMinute, double EventsPerSecond, bool IsRight)> ExportAsync(CancellationToken cancel)
        {
            var events = new BackgroundEvents(million.Stream, context.Seconds(40), context.Options.Scale);
            using var exported = new CancellationTokenSource();
            var traffic = Traffic.RunAsync(million, events, "export", lookups: false, cancel, exported.Token);
            var begin = Stopwatch.GetTimestamp();
            var customers = await CountRowsAsync(cancel);
            var took = Stopwatch.GetElapsedTime(begin);
            await exported.CancelAsync();
            var beside = await traffic;
            if (customers != context.Expected(million.Tally.Customers)) context.Say($"  {customers} customers were exported of {million.Tally.Customers}");
            return (customers / took.TotalMinutes, beside.EventsPerSecond, customers == context.Expected(million.Tally.Customers) && beside.IsRight(context, events));
        }

        /// <summary>Different customers of the million in the export.</summary>
        private async Task<long> CountRowsAsync(CancellationToken cancel)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/exports") { Content = Json($$"""{"select":[{{Exported}}]}""") };
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            response.EnsureSuccessStatusCode();
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancel));
            var seen = new System.Collections.BitArray(million.Tally.Customers);
            var rows = 0L;
            const string head = "{\"customer_id\":\"c";
            while (await lines.ReadLineAsync(cancel) is { } line)
            {
                var end = line.IndexOf('"', head.Length);
                if (!line.StartsWith(head, StringComparison.Ordinal) || !int.TryParse(line.AsSpan(head.Length, end - head.Length), CultureInfo.InvariantCulture, out var customer) || customer >= seen.Length) continue; // a probe's
                if (seen[customer]) return -1;
                seen[customer] = true;
                rows++;
            }
            return rows;
        }

        private async Task<(JsonElement Body, TimeSpan Took)> PostAsync(string path, string body, CancellationToken cancel)
        {
            var begin = Stopwatch.GetTimestamp();
            using var response = await http.PostAsync(path, Json(body), cancel);
            var bytes = await response.Content.ReadAsByteArrayAsync(cancel);
            var took = Stopwatch.GetElapsedTime(begin);
            return response.IsSuccessStatusCode ? (JsonDocument.Parse(bytes).RootElement, took) : throw new InvalidOperationException($"{path}: {Encoding.UTF8.GetString(bytes)}");
        }

        private async Task<(string Rows, TimeSpan Took)> SqlAsync(string sql, CancellationToken cancel)
        {
            var begin = Stopwatch.GetTimestamp();
            var rows = await million.Host.QueryAsync(sql, cancel);
            return (rows, Stopwatch.GetElapsedTime(begin));
        }

        private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
    }
}
