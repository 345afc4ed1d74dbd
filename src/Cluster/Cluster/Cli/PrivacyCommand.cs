using System.CommandLine;
using System.Text.Json;

namespace Lambda.Cluster.Cli;

/// <summary>`privacy erase|status|certificate|data`: a person's rights, on a running host.</summary>
internal static class PrivacyCommand
{
    private static readonly Argument<string> Customer = new("CUSTOMER") { Description = "Customer id." };
    private static readonly Argument<string> Erasure = new("ERASURE") { Description = "Id of the erasure, as `privacy erase` and `privacy status` show it." };
    private static readonly Option<bool> Yes = new("--yes") { Description = "Really: it cannot be undone." };
    private static readonly Option<bool> EvenIfUnknown = new("--even-if-unknown") { Description = "Also when no answer knows the customer: lines of it may be in quarantine." };

    private static readonly Option<bool> Members = new("--members") { Description = "With every customer that it is merged with: needed when there is one." };

    public static Command Create() => Common.Group("privacy", "Rights of persons: erasure with a certificate, and all data of one.",
        Common.Remote("erase", "Erase a customer: honoured at once, removed from all stores behind the next batch run.", EraseAsync, Customer, Yes, EvenIfUnknown, Members),
        Common.Remote("status", "All erasures and what they wait for.", StatusAsync),
        Common.Remote("certificate", "What was removed where and when; exit code 1 until it is complete.", CertificateAsync, Erasure),
        Common.Remote("data", "Everything that is known of a person, as JSON.", DataAsync, Customer));

    private static async Task<int> EraseAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        if (!parse.GetValue(Yes)) throw new CommandException(ExitCode.Usage, "an erasure cannot be undone: say --yes");
        var path = $"/v1/customers/{Uri.EscapeDataString(parse.GetValue(Customer)!)}?even_if_unknown={(parse.GetValue(EvenIfUnknown) ? "true" : "false")}{(parse.GetValue(Members) ? "&members=all" : "")}";
        var erasure = await client.SendAsync(new HttpRequestMessage(HttpMethod.Delete, path), cancel);
        if (parse.GetValue(Common.Json)) Output.Json(erasure);
        else
        {
            Print(erasure);
            if (erasure.TryGetProperty("members", out var members)) foreach (var member in members.EnumerateArray()) Print(member);
        }
        return ExitCode.Ok;
    }

    private static async Task<int> StatusAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var erasures = await client.GetAsync("/v1/erasures", cancel);
        if (parse.GetValue(Common.Json)) Output.Json(erasures);
        else
        {
            var table = Output.Table("erasure", "customer", "state", "requested", "removed", "waits");
            foreach (var erasure in erasures.GetProperty("erasures").EnumerateArray())
                table.Row(new[] { "erasure", "customer", "state", "requested_at", "removed_at", "waits" }.Select(c => (object?)erasure.GetProperty(c)));
            Output.Console.Write(table);
        }
        return ExitCode.Ok;
    }

    private static async Task<int> CertificateAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        var erasure = await client.GetAsync($"/v1/erasures/{Uri.EscapeDataString(parse.GetValue(Erasure)!)}", cancel);
        if (parse.GetValue(Common.Json)) Output.Json(erasure);
        else Print(erasure);
        return erasure.GetProperty("state").GetString() == "removed" ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static async Task<int> DataAsync(ParseResult parse, Client client, CancellationToken cancel)
    {
        Output.Json(await client.GetAsync($"/v1/customers/{Uri.EscapeDataString(parse.GetValue(Customer)!)}/personal-data", cancel));
        return ExitCode.Ok;
    }

    private static void Print(JsonElement erasure)
    {
        var table = Output.Table("erasure", erasure.GetProperty("erasure").GetString()!);
        foreach (var name in new[] { "customer", "state", "position", "requested_at", "removed_at", "waits", "due_at" }) table.Row(name, erasure.GetProperty(name));
        foreach (var store in erasure.GetProperty("stores").EnumerateArray())
            table.Row(store.GetProperty("store").GetString()!, $"{store.GetProperty("removed")} removed, clean {(store.GetProperty("clean_at").GetString() is { } at ? $"at {at}" : "not yet")} {store.GetProperty("note").GetString()}");
        Output.Console.Write(table);
    }
}
