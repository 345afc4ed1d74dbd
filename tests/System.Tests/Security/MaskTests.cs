using System.Net;
using System.Text;
using System.Text.Json;
using Lambda.Domain.Events;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Lambda.SpeedLayer.Ports;
using Lambda.SystemTests.Http;
using Xunit;

namespace Lambda.SystemTests.Security;

/// <summary>Personal data is shown to keys with the pii right and to nobody else.</summary>
public sealed class MaskTests(SecuredApi api) : IClassFixture<SecuredApi>
{
    private const string Event = """
        {"event_id":"1","customer_id":"anna","type":"profile","occurred_at":"2024-01-02T03:04:05Z","email":"anna@example.org","full_name":"Anna \"A\" Berg","birth_date":"1990-01-01","country":"DE","phone_number":null,"nick":"annie","social":{"handle":"@annie"},"city":{"street":"Main St 1"}}
        """;

    private static readonly string[] Personal = ["anna@example.org", "Berg", "1990-01-01", "annie", "Main St"];

    [Fact]
    public async Task Customer_WhenTheKeyMayNotSeePersonalData_HasItMaskedAndSaysSo()
    {
        var shown = (await api.GetAsync("/v1/customers/anna", api.NewKey(Roles.Marketing, pii: true))).Body;
        var masked = (await api.GetAsync("/v1/customers/anna", api.NewKey(Roles.Marketing))).Body;
        Assert.StartsWith("Zoë", shown.GetProperty("metrics").GetProperty("full_name").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, masked.GetProperty("metrics").GetProperty("full_name").ValueKind);
        Assert.Equal("full_name", Assert.Single(masked.GetProperty("meta").GetProperty("masked").EnumerateArray()).GetString());
        Assert.False(shown.GetProperty("meta").TryGetProperty("masked", out _));
        Assert.Equal(shown.GetProperty("metrics").GetProperty("spend").GetInt64(), masked.GetProperty("metrics").GetProperty("spend").GetInt64());
        Assert.DoesNotContain("Zoë", masked.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_WhenTheKeyMayNotSeePersonalData_ShowWhatTheCatalogueKnowsToBeNone()
    {
        api.Parts.History.Clear();
        api.Parts.History.Add(new CustomerEventRow(1, 2, 3_000_001, 4, Encoding.UTF8.GetBytes(Event.Trim())));
        var shown = (await api.GetAsync("/v1/customers/anna/events", api.NewKey(Roles.Fraud, pii: true))).Body.GetRawText();
        var masked = (await api.GetAsync("/v1/customers/anna/events", api.NewKey(Roles.Fraud))).Body;
        Assert.All(Personal, p => Assert.Contains(p, shown, StringComparison.Ordinal));
        Assert.All(Personal, p => Assert.DoesNotContain(p, masked.GetRawText(), StringComparison.Ordinal));
        var found = masked.GetProperty("events")[0].GetProperty("event");
        Assert.Equal(("DE", "1", "(masked)", "(masked)"), (found.GetProperty("country").GetString(), found.GetProperty("event_id").GetString(), found.GetProperty("email").GetString(), found.GetProperty("nick").GetString()));
        Assert.Equal(JsonValueKind.Null, found.GetProperty("phone_number").ValueKind); // that there is none is no secret
    }

    [Fact]
    public async Task Quarantine_WhenTheKeyMayNotSeePersonalData_ShowsWhyButNotWhat()
    {
        api.Parts.Quarantine.Add(
        [
            Entry("email", Reasons.WrongType, "found `anna@example.org`", Event), Entry("", Reasons.MalformedJson, "not JSON at byte 7", "anna@example.org;Berg"), Entry("city", Reasons.OutOfRange, "found an object", Event),
            Entry("date", "import_row", "no day: `1990-01-01`", "Berg;1990-01-01"), new QuarantineEntry(0, 5, "http", 9, "", Reasons.InvalidUtf8, "byte 0xff", new byte[] { 0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d }),
        ], once: true);
        var shown = (await api.GetAsync("/v1/admin/quarantine", api.NewKey(Roles.Sre, pii: true))).Body.GetRawText();
        var masked = (await api.GetAsync("/v1/admin/quarantine", api.NewKey(Roles.Sre))).Body;
        Assert.Contains("anna@example.org", shown, StringComparison.Ordinal);
        Assert.All(Personal, p => Assert.DoesNotContain(p, masked.GetRawText(), StringComparison.Ordinal));
        var details = masked.GetProperty("entries").EnumerateArray().Select(e => e.GetProperty("detail").GetString()).ToList();
        Assert.Equal(["(masked)", "not JSON at byte 7", "found an object", "(masked)", "byte 0xff"], details);
    }

    /// <summary>Named it is refused, not named it is left out: in pages, files and lists of customers alike.</summary>
    [Fact]
    public async Task Population_WhenTheKeyMayNotSeePersonalData_NeitherShowsNorTellsIt()
    {
        api.Parts.Population.Rows.Clear();
        api.Parts.Have("anna", TestView.Full(19_000));
        var (masked, full) = (api.NewKey(Roles.Marketing), api.NewKey(Roles.Marketing, pii: true));
        foreach (var (path, body) in new[]
        {
            ("/v1/customers/search", """{"select":["full_name"]}"""), ("/v1/customers/search", """{"where":"full_name = 'Zoë'"}"""), ("/v1/customers/search", """{"order_by":["full_name"]}"""),
            ("/v1/customers/lookup", """{"ids":["anna"],"select":["full_name"]}"""), ("/v1/exports", """{"where":"full_name is not null"}"""), ("/v1/exports", """{"select":["full_name"],"to":{"folder":"x"}}"""),
        })
        {
            ApiFixture.AssertProblem(await api.SendAsync(HttpMethod.Post, path, masked, body), HttpStatusCode.Forbidden, "personal-data");
            Assert.True((await api.SendAsync(HttpMethod.Post, path, full, body)).Response.IsSuccessStatusCode);
        }
        foreach (var (path, body) in new[] { ("/v1/customers/search", """{"select":["*"]}"""), ("/v1/customers/lookup", """{"ids":["anna"]}""") })
        {
            Assert.Contains("Zoë", (await api.SendAsync(HttpMethod.Post, path, full, body)).Body.GetRawText(), StringComparison.Ordinal);
            var shown = (await api.SendAsync(HttpMethod.Post, path, masked, body)).Body.GetRawText();
            Assert.DoesNotContain("full_name", shown, StringComparison.Ordinal);
            Assert.Contains("spend_30d", shown, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Exports_WhenTheConditionMayNameSomebody_ShowItToWhoMaySeeThat()
    {
        var job = (await api.SendAsync(HttpMethod.Post, "/v1/exports", api.NewKey(Roles.Finance, pii: true, name: "auditor"), """{"where":"full_name = 'Anna Berg'","to":{"folder":"x"}}""")).Body;
        Assert.Equal("auditor", job.GetProperty("by").GetString());
        var path = $"/v1/exports/{job.GetProperty("export").GetString()}";
        Assert.Contains("Berg", (await api.GetAsync(path, api.NewKey(Roles.Finance, pii: true))).Body.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("Berg", (await api.GetAsync(path, api.NewKey(Roles.Finance))).Body.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("Berg", (await api.GetAsync("/v1/exports", api.NewKey(Roles.Marketing))).Body.GetRawText(), StringComparison.Ordinal);
        await api.Parts.Exports.EndedAsync(job.GetProperty("export").GetString()!);
    }

    [Fact]
    public async Task Timeline_WhenEventsHoldPersonalData_TellsNone()
    {
        api.Parts.History.Clear();
        api.Parts.History.Add(new CustomerEventRow(1, 2, 3_000_001, 4, Encoding.UTF8.GetBytes(Event.Trim())));
        var (response, body) = await api.GetAsync("/v1/customers/anna/timeline", api.NewKey(Roles.Fraud, pii: true));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.All(Personal, p => Assert.DoesNotContain(p, body.GetRawText(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Definition_WhenTheKeyMayNotSeePersonalData_CannotBeChangedByIt()
    {
        Assert.Equal(HttpStatusCode.Forbidden, (await api.SendAsync(HttpMethod.Put, "/v1/definition", api.NewKey(Roles.Marketing), "two", "application/yaml")).Response.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await api.SendAsync(HttpMethod.Put, "/v1/definition", api.NewKey(Roles.Marketing, pii: true), "two", "application/yaml")).Response.StatusCode);
    }

    private static QuarantineEntry Entry(string field, string reason, string detail, string raw) => new(0, 5, "http", 1, field, reason, detail, Encoding.UTF8.GetBytes(raw.Trim()));
}
