using System.Buffers;
using System.CommandLine;
using System.Text.Json;
using Lambda.Cluster.Options;
using Lambda.Serving.Audit;
using Lambda.Serving.Json;

namespace Lambda.Cluster.Cli;

/// <summary>`audit head|verify|list`: over HTTP, or with --data or --postgres on the stored log itself, without asking the node that wrote it.</summary>
internal static class AuditCommand
{
    private static readonly Option<string[]> Anchor = new("--anchor") { Description = "An end that `audit head` printed earlier: what it names must still be there. Several times for several.", HelpName = "CHAIN@NUMBER:HASH" };
    private static readonly Option<string?> AuditKey = new("--audit-key") { Description = "With --data or --postgres: file with the log's secret, or env:NAME; else LAMBDA_AUDIT_KEY.", HelpName = "FILE" };
    private static readonly Option<string?> Chain = new("--chain") { Description = "Of which node; `audit head` names them.", HelpName = "CHAIN" };
    private static readonly Option<string?> Customer = new("--customer") { Description = "Only what was done to this customer. Needs a host: it has the key of the pseudonyms.", HelpName = "ID" };
    private static readonly Option<string?> OfKey = new("--of-key") { Description = "Only what was done with the key of this id.", HelpName = "ID" };
    private static readonly Option<string?> Operation = new("--operation") { Description = "Only this operation, as docs/api.md names it.", HelpName = "NAME" };
    private static readonly Option<long> After = new("--after") { Description = "Only entries with a greater number.", HelpName = "N" };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 100, HelpName = "N" };

    public static Command Create() => Common.Group("audit", "The audit log: who read or changed what.",
        Command("head", "Where each chain ends. Keep what it prints elsewhere: `audit verify --anchor` then finds what was cut off or written anew.", HeadAsync),
        Command("verify", "Check every entry; exit 1 naming the first that does not hold.", VerifyAsync, Anchor, AuditKey),
        Command("list", "Entries, oldest first.", ListAsync, Chain, Customer, OfKey, Operation, After, Limit));

    private static Command Command(string name, string description, Func<ParseResult, CancellationToken, Task<int>> run, params ReadOnlySpan<Option> options)
    {
        var command = new Command(name, description);
        foreach (var option in (Option[])[Common.Url, Common.Key, SecurityStores.Data, SecurityStores.Postgres, .. options]) command.Options.Add(option);
        command.SetAction(run);
        return command;
    }

    private static async Task<int> HeadAsync(ParseResult parse, CancellationToken cancel)
    {
        await using var stores = SecurityStores.Of(parse);
        JsonElement heads;
        if (stores is null) heads = await GetAsync(parse, "/v1/admin/audit/heads", cancel);
        else
        {
            var audit = stores.Audit;
            heads = Array("heads", audit.Chains().Select(c => AuditPage.HeadOf(audit, c)).OfType<AuditAnchor>(), (to, head) =>
            {
                to.WriteString("chain", head.Chain);
                to.WriteNumber("entries", head.Number);
                to.WriteString("anchor", head.ToString());
            });
        }
        if (parse.GetValue(Common.Json)) Output.Json(heads);
        else foreach (var head in heads.GetProperty("heads").EnumerateArray()) Output.Line(head.GetProperty("anchor").GetString()!);
        return ExitCode.Ok;
    }

    private static async Task<int> VerifyAsync(ParseResult parse, CancellationToken cancel)
    {
        var texts = parse.GetValue(Anchor) ?? [];
        var anchors = texts.Select(a => AuditAnchor.Parse(a) ?? throw new CommandException(ExitCode.Usage, $"--anchor: found `{a}`, expected CHAIN@NUMBER:HASH, as `audit head` prints it")).ToList();
        await using var stores = SecurityStores.Of(parse);
        var verdicts = stores is null
            ? await GetAsync(parse, "/v1/admin/audit/verification" + string.Concat(texts.Select((a, i) => $"{(i == 0 ? '?' : '&')}anchor={Uri.EscapeDataString(a)}")), cancel)
            : VerifyHere(stores, parse.GetValue(AuditKey) ?? Environment.GetEnvironmentVariable("LAMBDA_AUDIT_KEY"), anchors, cancel);
        var chains = verdicts.GetProperty("chains").EnumerateArray().ToList();
        if (parse.GetValue(Common.Json)) Output.Json(verdicts);
        else
            foreach (var chain in chains)
                Output.Line(chain.GetProperty("fault").GetString() is { } fault
                    ? $"{chain.GetProperty("chain").GetString()}: DOES NOT HOLD: {fault}"
                    : $"{chain.GetProperty("chain").GetString()}: {Output.Show(chain.GetProperty("entries"))} entries hold, {Output.Show(chain.GetProperty("keyed"))} of them keyed; it ends at {chain.GetProperty("anchor").GetString()}");
        return chains.All(c => c.GetProperty("holds").GetBoolean()) ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static JsonElement VerifyHere(SecurityStores stores, string? key, IReadOnlyList<AuditAnchor> anchors, CancellationToken cancel)
    {
        var audit = stores.Audit;
        foreach (var note in audit.Notes()) Output.Note($"note: {note}");
        return Array("chains", AuditPage.VerifyAll(audit, SecretReader.Read("audit_key", key == Setting.None ? null : key, Environment.GetEnvironmentVariable), anchors, cancel), AuditJson.Write);
    }

    private static async Task<int> ListAsync(ParseResult parse, CancellationToken cancel)
    {
        await using var stores = SecurityStores.Of(parse);
        var page = stores is null ? await GetAsync(parse, ListPath(parse), cancel) : ListHere(stores, parse);
        if (parse.GetValue(Common.Json))
        {
            Output.Json(page);
            return ExitCode.Ok;
        }
        string[] columns = ["number", "at", "caller", "key", "operation", "subject", "status", "pii", "detail", "from"];
        var table = Output.Table(columns);
        foreach (var entry in page.GetProperty("entries").EnumerateArray()) table.Row(columns.Select(c => (object?)entry.GetProperty(c)));
        Output.Console.Write(table);
        if (page.GetProperty("next").ValueKind != JsonValueKind.Null) Output.Note($"more: --after {page.GetProperty("next")}");
        return ExitCode.Ok;
    }

    private static string ListPath(ParseResult parse)
    {
        var path = $"/v1/admin/audit?after={parse.GetValue(After)}&limit={parse.GetValue(Limit)}";
        foreach (var (name, option) in new[] { ("chain", Chain), ("customer", Customer), ("key", OfKey), ("operation", Operation) })
            if (parse.GetValue(option) is { } value) path += $"&{name}={Uri.EscapeDataString(value)}";
        return path;
    }

    private static JsonElement ListHere(SecurityStores stores, ParseResult parse)
    {
        if (parse.GetValue(Customer) is not null) throw new CommandException(ExitCode.Usage, "--customer needs a host: name it with --url and leave --data and --postgres out");
        var audit = stores.Audit;
        var (key, operation) = (parse.GetValue(OfKey), parse.GetValue(Operation));
        var chain = parse.GetValue(Chain) ?? audit.Chains().FirstOrDefault() ?? "";
        var page = AuditPage.Read(audit, chain, parse.GetValue(After), parse.GetValue(Limit), e => (key is null || e.What.KeyId == key) && (operation is null || e.What.Operation == operation));
        return Parse(to =>
        {
            to.WriteString("chain", chain);
            WriteArray(to, "entries", page.Entries, AuditJson.Write);
            if (page.Next is { } next) to.WriteNumber("next", next);
            else to.WriteNull("next");
        });
    }

    private static async Task<JsonElement> GetAsync(ParseResult parse, string path, CancellationToken cancel)
    {
        using var client = Client.Of(parse.GetValue(Common.Url), parse.GetValue(Common.Key));
        return await client.GetAsync(path, cancel);
    }

    private static JsonElement Array<T>(string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write) => Parse(to => WriteArray(to, name, items, write));

    private static void WriteArray<T>(Utf8JsonWriter to, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        to.WriteStartArray(name);
        foreach (var item in items)
        {
            to.WriteStartObject();
            write(to, item);
            to.WriteEndObject();
        }
        to.WriteEndArray();
    }

    private static JsonElement Parse(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var to = new Utf8JsonWriter(bytes))
        {
            to.WriteStartObject();
            write(to);
            to.WriteEndObject();
        }
        return JsonDocument.Parse(bytes.WrittenMemory).RootElement;
    }
}
