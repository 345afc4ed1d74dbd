using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Lambda.Cluster.Cli;
using Lambda.SpeedLayer.Import;

namespace Lambda.Cluster.Import;

/// <param name="Rows">Rows of the file so far, those of earlier tries included.</param>
/// <param name="Done">Share of the file, 0..1.</param>
public sealed record ImportReport(string File, long DoneLine, long Rows, long Events, long Rejected, bool Complete, bool Resumed, double Done);

/// <summary>
/// Sends a file to a running host chunk by chunk. After each chunk the host records how far it came; an import that was cut off goes on from there, and what the
/// host took without that being recorded is sent again under the same event ids, which count once.
/// </summary>
internal sealed class ImportRun(Client client, SourceFile file, ImportMap map)
{
    private const int RowsPerChunk = 5_000;
    private const int ChunksAhead = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _path = $"/v1/admin/imports/{file.Hash}-{map.Hash}";
    private readonly string _source = $"file:{file.Name}";

    /// <exception cref="CommandException">The host went away or cannot take more: starting again resumes.</exception>
    public async Task<ImportReport> RunAsync(bool again, Action<ImportReport> onProgress, CancellationToken cancel)
    {
        var report = again ? Fresh() : await LoadAsync(cancel) ?? Fresh();
        if (report.Complete) return report with { Done = 1 };
        await foreach (var chunk in ReadAhead(report.DoneLine, cancel).ReadAllAsync(cancel))
        {
            report = await SendAsync(report, chunk, cancel);
            await SaveAsync(report, cancel);
            onProgress(report);
        }
        report = report with { Complete = true, Done = 1 };
        await SaveAsync(report, cancel);
        return report;
    }

    private ImportReport Fresh() => new(file.Name, 0, 0, 0, 0, false, false, 0);

    /// <summary>Parses on a thread of its own while chunks are on their way.</summary>
    private ChannelReader<ImportChunk> ReadAhead(long afterLine, CancellationToken cancel)
    {
        var chunks = Channel.CreateBounded<ImportChunk>(ChunksAhead);
        _ = Task.Run(async () =>
        {
            try
            {
                foreach (var chunk in ImportReader.Read(file, map, afterLine, RowsPerChunk)) await chunks.Writer.WriteAsync(chunk, cancel);
                chunks.Writer.Complete();
            }
            catch (Exception e)
            {
                chunks.Writer.Complete(e); // thrown where the chunks are read
            }
        }, cancel);
        return chunks.Reader;
    }

    private async Task<ImportReport> SendAsync(ImportReport report, ImportChunk chunk, CancellationToken cancel)
    {
        long events = 0, rejected = chunk.BadRows.Count;
        if (chunk.BadRows.Count > 0) await client.PostAsync("/v1/admin/quarantine", Refused(chunk.BadRows), cancel);
        foreach (var body in chunk.Bodies.Where(b => b.Events > 0))
        {
            var (taken, refused) = await PostAsync(body, chunk.FirstLine, cancel);
            events += taken;
            rejected += refused;
        }
        return report with
        {
            DoneLine = chunk.LastLine, Rows = report.Rows + chunk.Rows, Events = report.Events + events, Rejected = report.Rejected + rejected, Done = chunk.Done,
        };
    }

    private async Task<(long Taken, long Refused)> PostAsync(ImportBody body, long firstLine, CancellationToken cancel)
    {
        var path = $"/v1/events?source={Uri.EscapeDataString(_source)}&first_line={firstLine}";
        for (var waited = TimeSpan.Zero; ;)
        {
            var content = new ReadOnlyMemoryContent(body.Lines) { Headers = { ContentType = new MediaTypeHeaderValue("application/x-ndjson") } };
            using var response = await client.ExchangeAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = content }, cancel);
            var answer = await response.Content.ReadAsByteArrayAsync(cancel);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.UnprocessableEntity)
            {
                var intake = JsonDocument.Parse(answer).RootElement;
                return (intake.GetProperty("accepted").GetInt64(), intake.GetProperty("rejected").GetArrayLength());
            }
            if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable) || waited > Patience)
                throw new CommandException(ExitCode.Environment, $"{client.Url}: {(int)response.StatusCode} {Client.Detail(answer)}; start the import again to go on from here");
            var pause = response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1);
            waited += pause;
            await Task.Delay(pause, cancel);
        }
    }

    private StringContent Refused(IReadOnlyList<BadRow> rows)
    {
        var list = new JsonArray([.. rows.Select(r => (JsonNode)new JsonObject
        {
            ["source"] = _source, ["line"] = r.Line, ["field"] = r.Column, ["reason"] = "import_row", ["detail"] = r.Reason, ["raw"] = r.Raw,
        })]);
        return Json(new JsonObject { ["rows"] = list });
    }

    private async Task<ImportReport?> LoadAsync(CancellationToken cancel)
    {
        using var response = await client.ExchangeAsync(new HttpRequestMessage(HttpMethod.Get, _path), cancel);
        var body = await response.Content.ReadAsByteArrayAsync(cancel);
        if (response.StatusCode == HttpStatusCode.NotFound) return null;
        if (!response.IsSuccessStatusCode) throw new CommandException(ExitCode.Environment, $"{client.Url}: {(int)response.StatusCode} {Client.Detail(body)}");
        var was = JsonDocument.Parse(body).RootElement;
        long Number(string name) => was.GetProperty(name).GetInt64();
        return new ImportReport(file.Name, Number("done_line"), Number("rows"), Number("events"), Number("rejected"), was.GetProperty("complete").GetBoolean(), true, 0);
    }

    private async Task SaveAsync(ImportReport report, CancellationToken cancel) => await client.SendAsync(new HttpRequestMessage(HttpMethod.Put, _path)
    {
        Content = Json(new JsonObject
        {
            ["file"] = report.File, ["done_line"] = report.DoneLine, ["rows"] = report.Rows, ["events"] = report.Events, ["rejected"] = report.Rejected, ["complete"] = report.Complete,
        }),
    }, cancel);

    private static StringContent Json(JsonObject o) => new(o.ToJsonString(), new MediaTypeHeaderValue("application/json"));
}
