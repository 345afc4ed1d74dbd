using System.Net;
using Lambda.Serving.Audit;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Lambda.SpeedLayer.Ports;
using Lambda.SystemTests.Http;
using Xunit;

namespace Lambda.SystemTests.Security;

/// <summary>What is recorded, when, and what happens when it cannot be.</summary>
public sealed class AuditTests : IAsyncLifetime
{
    private readonly SecuredApi _api;
    private Unruly _store = null!;

    public AuditTests() => _api = new SecuredApi { Wrap = store => _store = new Unruly(store) };

    public Task InitializeAsync() => _api.InitializeAsync();

    public Task DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Read_WhenAnswered_IsRecordedWithCustomerKeyAndOutcomeAndWithoutTheId()
    {
        var key = _api.NewKey(Roles.Fraud, pii: true, name: "case 7");
        await _api.GetAsync("/v1/customers/anna?as_of=2024-01-02", key);
        await _api.GetAsync("/v1/customers/nobody%2f1", key);
        await _api.GetAsync("/v1/customers/anna?as_of=x", key);
        var records = await _api.RecordsAsync();
        Assert.Equal([("getCustomer", _api.Pseudonyms.Of("anna"u8), 200), ("getCustomer", _api.Pseudonyms.Of("nobody/1"u8), 404), ("getCustomer", _api.Pseudonyms.Of("anna"u8), 400)], records.Select(r => (r.Operation, r.Subject, r.Status)));
        Assert.All(records, r => Assert.Equal(("case 7", key.Substring(3, 16), true, "127.0.0.1"), (r.Caller, r.KeyId, r.PersonalData, r.From)));
        Assert.DoesNotContain(Directory.GetFiles(_api.AuditFolder).Select(File.ReadAllText), t => t.Contains("anna", StringComparison.Ordinal));
    }

    /// <summary>Who asks for many at once is found by each of them, too.</summary>
    [Fact]
    public async Task Read_WhenItShowsManyCustomers_IsRecordedForEach()
    {
        var key = _api.NewKey(Roles.Marketing);
        _api.Parts.Have("anna", TestView.Full(19_000));
        await _api.SendAsync(HttpMethod.Post, "/v1/customers/lookup", key, """{"ids":["anna","nobody"],"select":["spend"]}""");
        await _api.SendAsync(HttpMethod.Post, "/v1/customers/search", key, """{"where":"customer_id = 'anna'","select":["spend"]}""");
        await _api.SendAsync(HttpMethod.Post, "/v1/customers/search", key, """{"where":"customer_id = 'anna'","select":["spent"]}""");
        await _api.SendAsync(HttpMethod.Post, "/v1/sql", key, """{"sql":"SELECT 'anna'"}""");
        var records = await _api.RecordsAsync();
        var (anna, nobody) = (_api.Pseudonyms.Of("anna"u8), _api.Pseudonyms.Of("nobody"u8));
        Assert.Equal(
            [
                ("lookupCustomers", anna, ""), ("lookupCustomers", nobody, ""), ("lookupCustomers", "/v1/customers/lookup", "2 customers"),
                ("searchCustomers", anna, ""), ("searchCustomers", "/v1/customers/search", "1 customers, spend"), ("searchCustomers", "/v1/customers/search", ""),
            ],
            records.SkipLast(1).Select(r => (r.Operation, r.Subject, r.Detail)));
        Assert.StartsWith("statement of 13 characters, SHA-256 ", records[^1].Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(_api.AuditFolder).Select(File.ReadAllText), t => t.Contains("anna", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Read_WhenItMayShowPersonalData_IsDurableBeforeItIsAnswered()
    {
        var (key, masked) = (_api.NewKey(Roles.Fraud, pii: true), _api.NewKey(Roles.Fraud));
        _store.Hold();
        var answer = _api.GetAsync("/v1/customers/anna", key);
        await _store.Reached.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(HttpStatusCode.OK, (await _api.GetAsync("/v1/customers/anna", masked)).Response.StatusCode); // does not wait
        Assert.False(answer.IsCompleted);
        _store.Release();
        Assert.Equal(HttpStatusCode.OK, (await answer).Response.StatusCode);
    }

    [Fact]
    public async Task Requests_WhenTheLogCannotBeWritten_AreRefusedUntilItCanAndNothingIsLost()
    {
        var (pii, masked, sre) = (_api.NewKey(Roles.Fraud, pii: true), _api.NewKey(Roles.Fraud), _api.NewKey(Roles.Sre));
        await _api.GetAsync("/v1/customers/anna", pii);
        _store.Fails = true;
        ApiFixture.AssertProblem(await _api.GetAsync("/v1/customers/anna", pii), HttpStatusCode.ServiceUnavailable, "audit-unavailable");
        ApiFixture.AssertProblem(await _api.GetAsync("/v1/customers/anna", masked), HttpStatusCode.ServiceUnavailable, "audit-unavailable");
        ApiFixture.AssertProblem(await _api.SendAsync(HttpMethod.Post, "/v1/admin/batch/runs", sre), HttpStatusCode.ServiceUnavailable, "audit-unavailable");
        Assert.Empty(_api.Parts.Runs); // what cannot be recorded is not done
        ApiFixture.AssertProblem(await _api.GetAsync("/v1/customers/anna", null), HttpStatusCode.Unauthorized, "unauthorized");
        Assert.Equal(HttpStatusCode.OK, (await _api.GetAsync("/v1/admin/status", sre)).Response.StatusCode); // needs no record
        _store.Fails = false;
        for (var tries = 0; (await _api.GetAsync("/v1/customers/anna", pii)).Response.StatusCode != HttpStatusCode.OK; tries++)
        {
            Assert.True(tries < 300);
            await Task.Delay(20);
        }
        Assert.Equal(3, (await _api.RecordsAsync()).Count(r => r is { Operation: "getCustomer", Status: 200 })); // the one that was refused for it, too
    }

    [Fact]
    public async Task Change_WhenMade_HasAnEntryBeforeAndOneAfter()
    {
        var sre = _api.NewKey(Roles.Sre);
        await _api.SendAsync(HttpMethod.Post, "/v1/admin/batch/runs", sre);
        await _api.SendAsync(HttpMethod.Post, "/v1/admin/batch/runs", sre);
        Assert.Equal([("startRun", 0, ""), ("startRun", 202, "run-1"), ("startRun", 0, ""), ("startRun", 409, "run-1")], (await _api.RecordsAsync()).Select(r => (r.Operation, r.Status, r.Detail)));
    }

    [Fact]
    public async Task List_WhenAskedForACustomerOrAKey_FindsTheirEntries()
    {
        var (admin, key) = (_api.NewKey(Roles.Admin), _api.NewKey(Roles.Fraud));
        foreach (var id in (string[])["anna", "bert", "anna"]) await _api.GetAsync($"/v1/customers/{id}", key);
        await _api.SendAsync(HttpMethod.Post, "/v1/events", admin, "{}");
        Assert.Equal(2, (await _api.GetAsync("/v1/admin/audit?customer=anna", admin)).Body.GetProperty("entries").GetArrayLength());
        Assert.Equal(3, (await _api.GetAsync($"/v1/admin/audit?key={key.Substring(3, 16)}", admin)).Body.GetProperty("entries").GetArrayLength());
        Assert.Equal("accepted 1, rejected 0", (await _api.GetAsync("/v1/admin/audit?operation=postEvents", admin)).Body.GetProperty("entries")[0].GetProperty("detail").GetString());
        var page = (await _api.GetAsync("/v1/admin/audit?limit=2", admin)).Body;
        Assert.Equal(2, page.GetProperty("next").GetInt64());
        ApiFixture.AssertProblem(await _api.GetAsync("/v1/admin/audit?chain=other", admin), HttpStatusCode.NotFound, "unknown-chain");
        ApiFixture.AssertProblem(await _api.GetAsync("/v1/admin/audit/verification?anchor=x", admin), HttpStatusCode.BadRequest, "bad-parameter");
        var head = (await _api.GetAsync("/v1/admin/audit/heads", admin)).Body.GetProperty("heads")[0].GetProperty("anchor").GetString()!;
        Assert.True((await _api.GetAsync($"/v1/admin/audit/verification?anchor={Uri.EscapeDataString(head)}", admin)).Body.GetProperty("chains")[0].GetProperty("holds").GetBoolean());
    }

    /// <summary>A store that can be told to fail, or to take its time.</summary>
    private sealed class Unruly(IAuditStore store) : IAuditStore
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _mayGo = new(initialState: true);
        private bool _holds;

        public bool Fails { get; set; }
        public Task Reached => _reached.Task;
        public string Chain => store.Chain;

        public void Hold()
        {
            _holds = true;
            _mayGo.Reset();
        }

        public void Release() => _mayGo.Set();

        public IReadOnlyList<string> Chains() => store.Chains();

        public IReadOnlyList<string> Notes() => store.Notes();

        public AuditEnd End(string chain) => store.End(chain);

        public bool TryAppend(long first, int count, ReadOnlySpan<byte> entries)
        {
            if (_holds) _reached.TrySetResult();
            _mayGo.Wait();
            if (Fails) throw new StorageException("the disk", "is full");
            return store.TryAppend(first, count, entries);
        }

        public IEnumerable<AuditPart> Read(string chain, long from) => store.Read(chain, from);

        public ValueTask DisposeAsync() => store.DisposeAsync();
    }
}
