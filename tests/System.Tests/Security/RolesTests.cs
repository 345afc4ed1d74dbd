using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Lambda.Serving.Security;
using Lambda.SystemTests.Http;
using Xunit;

namespace Lambda.SystemTests.Security;

/// <summary>Every endpoint × every role, over real HTTP, as docs/api.md says and a person has approved by committing it.</summary>
public sealed class RolesTests(SecuredApi api) : IClassFixture<SecuredApi>
{
    [Fact]
    public async Task Endpoints_WhenAskedByEveryRole_AnswerAsTheTableInDocsSays()
    {
        var table = Table();
        var called = new HashSet<string>();
        var (_, document) = await api.GetAsync("/openapi/v1.json", api.NewKey(Roles.Sre));
        foreach (var (method, path) in Operations(document))
        {
            Assert.True(table.TryGetValue($"{method} {path}", out var row), $"{method} {path} is not in docs/api.md");
            called.Add($"{method} {path}");
            var address = Regex.Replace(path.Replace("{id}", "anna", StringComparison.Ordinal), "{[a-z]+}", "none").Replace("/feed", "/feed?after=x", StringComparison.Ordinal).Replace("/stream", "/stream?after=x", StringComparison.Ordinal); // the streams would not end
            Expect(row.Open, (await api.SendAsync(new HttpMethod(method), address, null)).Response, $"{method} {path} without a key", HttpStatusCode.Unauthorized);
            foreach (var name in RoleNames.All)
                foreach (var pii in (bool[])[false, true])
                {
                    var may = row.Open || row.Roles[name] == "●" || (pii && row.Roles[name] == "pii");
                    Expect(may, (await api.SendAsync(new HttpMethod(method), address, api.NewKey(RoleNames.Parse([name])!.Value, pii))).Response, $"{method} {path} by {name}{(pii ? " with pii" : "")}", HttpStatusCode.Forbidden);
                }
        }
        Assert.Equal(table.Keys.Order(), called.Order());
    }

    [Fact]
    public async Task Denials_WhenTheyHappen_AreRecorded()
    {
        var key = api.NewKey(Roles.Ingest, name: "curious");
        await api.GetAsync("/v1/customers/anna", key);
        var denied = (await api.RecordsAsync()).Last(r => r.Caller == "curious");
        Assert.Equal(("getCustomer", 403, api.Pseudonyms.Of("anna"u8), key.Substring(3, 16)), (denied.Operation, denied.Status, denied.Subject, denied.KeyId));
    }

    [Fact]
    public async Task Strangers_WhenTheyKnockAllTheTime_DoNotFillTheLog()
    {
        for (var i = 0; i < 400; i++) await api.GetAsync("/v1/admin/status", "lk_0000000000000000_" + new string('0', 64));
        var records = (await api.RecordsAsync()).Count(r => r.Operation == "getStatus" && r.Status == 401);
        Assert.InRange(records, 1, 399);
    }

    private static void Expect(bool may, HttpResponseMessage answer, string what, HttpStatusCode refusal)
    {
        if (may) Assert.True(answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden), $"{what}: {answer.StatusCode}");
        else Assert.True(answer.StatusCode == refusal, $"{what}: {answer.StatusCode}, expected {refusal}");
    }

    private static IEnumerable<(string Method, string Path)> Operations(JsonElement document) =>
        document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => (o.Name.ToUpperInvariant(), p.Name)));

    /// <summary>`GET /path` → whether it is open, and what each role may.</summary>
    private static Dictionary<string, (bool Open, Dictionary<string, string> Roles)> Table()
    {
        var rows = new Dictionary<string, (bool, Dictionary<string, string>)>();
        foreach (var line in File.ReadLines(Path.Combine(Repository.Root, "docs/api.md")).Where(l => l.StartsWith("| [", StringComparison.Ordinal)))
        {
            var cells = line.Split('|', StringSplitOptions.TrimEntries);
            var roles = RoleNames.All.Select((name, i) => (name, cells[3 + i])).ToDictionary(r => r.name, r => r.Item2);
            rows[cells[1][1..cells[1].IndexOf(']')]] = (cells[2] == "●", roles);
        }
        return rows;
    }
}
