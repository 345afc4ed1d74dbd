using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;

namespace Lambda.Cluster.Cli;

/// <summary>`keys create|list|revoke`: over HTTP with an admin's key, or with --data or --postgres on the store itself, also while nodes run.</summary>
internal static class KeysCommand
{
    private static readonly Argument<string> Name = new("NAME") { Description = "Whose it will be: a person, a team, a program." };
    private static readonly Option<string[]> Role = new("--role") { Description = $"What it may be used for, once or several times: {string.Join(", ", RoleNames.All)}.", Required = true, HelpName = "ROLE", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<bool> Pii = new("--pii") { Description = "It may see personal data." };
    private static readonly Option<string?> Expires = new("--expires") { Description = "Days such as 90d, or an instant; else never.", HelpName = "WHEN" };
    private static readonly Option<int?> Rate = new("--rate") { Description = "Requests a second it may send to each node; else the installation's key_rate.", HelpName = "N" };
    private static readonly Argument<string> Id = new("ID") { Description = "As `keys list` shows it: the 16 characters behind lk_." };

    public static Command Create() => Common.Group("keys", "API keys: who may use the API, and for what; and the keys of card tokens.",
        Command("create", "Make a key and print it: this once, it is kept nowhere.", CreateAsync, Name, Role, Pii, Expires, Rate),
        Command("list", "The keys, without their secrets.", ListAsync),
        Command("revoke", "Let a key be refused from now on: everywhere within a second.", RevokeAsync, Id),
        CardKeysCommand.Rotate(), CardKeysCommand.Retire());

    private static Command Command(string name, string description, Func<ParseResult, CancellationToken, Task<int>> run, params ReadOnlySpan<Symbol> symbols)
    {
        var command = new Command(name, description);
        foreach (var option in new Option[] { Common.Url, Common.Key, SecurityStores.Data, SecurityStores.Postgres }) command.Options.Add(option);
        foreach (var symbol in symbols)
        {
            if (symbol is Option option) command.Options.Add(option);
            else command.Arguments.Add((Argument)symbol);
        }
        command.SetAction(run);
        return command;
    }

    private static async Task<int> CreateAsync(ParseResult parse, CancellationToken cancel)
    {
        var (name, roles, pii, rate) = (parse.GetValue(Name)!, parse.GetValue(Role)!, parse.GetValue(Pii), parse.GetValue(Rate));
        var now = DateTimeOffset.UtcNow;
        var expires = ExpiryOf(parse.GetValue(Expires), now);
        JsonElement made;
        await using (var stores = SecurityStores.Of(parse))
        {
            if (stores is not null) made = CreateHere(stores, name, roles, pii, rate, expires, now);
            else
            {
                using var client = Client.Of(parse.GetValue(Common.Url), parse.GetValue(Common.Key));
                var body = new JsonObject
                {
                    ["name"] = name, ["roles"] = new JsonArray([.. roles.Select(r => (JsonNode)r)]), ["pii"] = pii, ["expires_at"] = expires?.ToString("O", CultureInfo.InvariantCulture), ["requests_per_second"] = rate,
                };
                made = await client.PostAsync("/v1/admin/keys", JsonContent.Create(body), cancel);
            }
        }
        if (parse.GetValue(Common.Json)) Output.Json(made);
        else
        {
            Output.Note("It is shown this once and kept nowhere.");
            Output.Line(made.GetProperty("key").GetString()!);
        }
        return ExitCode.Ok;
    }

    private static JsonElement CreateHere(SecurityStores stores, string name, string[] names, bool pii, int? rate, DateTimeOffset? expires, DateTimeOffset now)
    {
        if (!ApiKey.IsName(name)) throw new CommandException(ExitCode.Usage, $"NAME: found `{name}`, expected 1..100 printable characters");
        if (RoleNames.Parse(names) is not { } roles || roles == Roles.None) throw new CommandException(ExitCode.Usage, $"--role: found `{string.Join(' ', names)}`, expected some of {string.Join(", ", RoleNames.All)}");
        if (rate < 1) throw new CommandException(ExitCode.Usage, $"--rate: found {rate}, expected 1 or more");
        var (key, text) = ApiKey.New(name, roles, pii, now.ToUnixTimeMilliseconds(), $"the command line ({Environment.UserName})", expires?.ToUnixTimeMilliseconds(), rate);
        if (!stores.Keys.TryAdd(key)) throw new CommandException(ExitCode.Environment, "a key with this id exists; try again");
        return JsonResult.Of([("key", text), .. Describe(key, now)]);
    }

    private static async Task<int> ListAsync(ParseResult parse, CancellationToken cancel)
    {
        var keys = await ListedAsync(parse, cancel);
        if (parse.GetValue(Common.Json)) Output.Json(keys);
        else
        {
            var table = Output.Table("id", "name", "roles", "pii", "state", "created", "by", "expires", "revoked", "rate");
            foreach (var key in keys.GetProperty("keys").EnumerateArray())
                table.Row(new[] { "id", "name", "roles", "pii", "state", "created_at", "created_by", "expires_at", "revoked_at", "requests_per_second" }.Select(c => (object?)key.GetProperty(c)));
            Output.Console.Write(table);
        }
        return ExitCode.Ok;
    }

    private static async Task<JsonElement> ListedAsync(ParseResult parse, CancellationToken cancel)
    {
        await using var stores = SecurityStores.Of(parse);
        if (stores is not null) return JsonResult.Of(("keys", new JsonArray([.. stores.Keys.List().Select(k => (JsonNode)new JsonObject(Describe(k, DateTimeOffset.UtcNow).Select(p => KeyValuePair.Create(p.Name, p.Value))))])));
        using var client = Client.Of(parse.GetValue(Common.Url), parse.GetValue(Common.Key));
        return await client.GetAsync("/v1/admin/keys", cancel);
    }

    private static async Task<int> RevokeAsync(ParseResult parse, CancellationToken cancel)
    {
        var (id, json) = (parse.GetValue(Id)!, parse.GetValue(Common.Json));
        JsonElement revoked;
        await using (var stores = SecurityStores.Of(parse))
        {
            if (stores is not null)
            {
                var now = DateTimeOffset.UtcNow;
                revoked = JsonResult.Of(Describe(stores.Keys.Revoke(id, now.ToUnixTimeMilliseconds()) ?? throw new CommandException(ExitCode.CheckFailed, "no key has this id; see keys list"), now));
            }
            else
            {
                using var client = Client.Of(parse.GetValue(Common.Url), parse.GetValue(Common.Key));
                revoked = await client.PostAsync($"/v1/admin/keys/{Uri.EscapeDataString(id)}/revoke", null, cancel);
            }
        }
        if (json) Output.Json(revoked);
        else Output.Line($"{revoked.GetProperty("id").GetString()} of {revoked.GetProperty("name").GetString()} is revoked since {revoked.GetProperty("revoked_at").GetString()}");
        return ExitCode.Ok;
    }

    /// <summary>As the API describes a key.</summary>
    private static IEnumerable<(string Name, JsonNode? Value)> Describe(ApiKey key, DateTimeOffset now) =>
    [
        ("id", key.Id), ("name", key.Name), ("roles", new JsonArray([.. RoleNames.Of(key.Roles).Select(r => (JsonNode)r)])), ("pii", key.SeesPersonalData), ("state", key.State(now.ToUnixTimeMilliseconds())),
        ("created_at", Instant(key.CreatedAtMs)), ("created_by", key.CreatedBy), ("expires_at", Instant(key.ExpiresAtMs)), ("revoked_at", Instant(key.RevokedAtMs)), ("requests_per_second", key.RequestsPerSecond),
    ];

    private static string? Instant(long? atMs) => atMs is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture) : null;

    private static DateTimeOffset? ExpiryOf(string? text, DateTimeOffset now)
    {
        if (text is null) return null;
        if (text.EndsWith('d') && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is > 0 and <= 36_500) return now.AddDays(days);
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && at > now
            ? at.ToUniversalTime()
            : throw new CommandException(ExitCode.Usage, $"--expires: found `{text}`, expected days such as 90d, or an instant that is still to come");
    }
}
