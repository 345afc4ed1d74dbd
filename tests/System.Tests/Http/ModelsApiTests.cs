using System.Net;
using Lambda.Domain.Events;
using Lambda.Domain.Lifetime;
using Lambda.Domain.Log;
using Lambda.Domain.Views;
using Lambda.Serving.Ports;
using Xunit;

namespace Lambda.SystemTests.Http;

/// <summary>Estimates stand beside the exact answer, and the model behind them can be asked for.</summary>
public sealed class ModelsApiTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const int Today = 19_675; // 2023-11-14

    private static readonly LifetimeModel Model = new(
        12, new BgNbd(0.5, 30, 0.8, 2.5), new GammaGamma(6, 4, 1_500), new RfmScale([7, 14, 30, 60], [1, 2, 4, 9], [1_000, 5_000, 20_000, 90_000]), -1234.5, -987.25, 4_321, 19_674);

    [Fact]
    public async Task Lifetime_BeforeTheFirstFit_SaysThatThereIsNone()
    {
        api.Parts.Lifetime = null;

        var (response, body) = await api.GetAsync("/v1/models/lifetime");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("""{"model":null,"failure":null}""", body.GetRawText());
    }

    [Fact]
    public async Task Fraud_WhenAModelIsPromoted_NamesItAndWhatIsNotThereIs404()
    {
        api.Parts.FraudModels.Now = new MemoryFraudModels().Now;
        var (_, before) = await api.GetAsync("/v1/models/fraud");
        Assert.Equal((MemoryFraudModels.One, MemoryFraudModels.Two), (before.GetProperty("champion").GetString(), before.GetProperty("challenger").GetString()));
        Assert.Equal((1, 0.31), (before.GetProperty("check").GetProperty("mismatches").GetInt32(), before.GetProperty("drift").GetProperty("psi").GetProperty("amount").GetDouble()));
        var (response, body) = await api.PostAsync("/v1/models/fraud/promote", """{"model":"bbb"}""", "application/json");
        Assert.Equal((HttpStatusCode.OK, MemoryFraudModels.Two), (response.StatusCode, body.GetProperty("champion").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await api.PostAsync("/v1/models/fraud/promote", """{"model":"c"}""", "application/json")).Response.StatusCode);
    }

    [Fact]
    public async Task Lifetime_OfAModelThatANewerViewHasNot_TellsBoth()
    {
        (api.Parts.Lifetime, api.Parts.LifetimeFailure) = (Model, (13, "20 customers bought something"));

        var (_, body) = await api.GetAsync("/v1/models/lifetime");

        Assert.Equal(
            """{"model":{"version":"lifetime-12","epoch":12,"fitted_on":"2023-11-13","customers":4321,"purchases":{"r":0.5,"alpha_days":30,"a":0.8,"b":2.5,"log_likelihood":-1234.5},"value":{"p":6,"q":4,"v_minor":1500,"log_likelihood":-987.25},"rfm":{"recency_days":[7,14,30,60],"purchase_days":[1,2,4,9],"spent_minor":[1000,5000,20000,90000]}},"failure":{"epoch":13,"reason":"20 customers bought something"}}""",
            body.GetRawText());
    }

    [Fact]
    public async Task Customer_WhoBought_IsEstimatedFromTheMergedAnswer()
    {
        api.Parts.Lifetime = Model;
        Have("buyer", Answer(days: 5, first: Today - 200, last: Today - 10, spent: 25_000));

        var (_, body) = await api.GetAsync("/v1/customers/buyer");

        var expected = Model.Estimate(new PurchaseHistory(4, 190, 200, 5_000, 5));
        var estimates = body.GetProperty("estimates");
        Assert.Equal(expected.Alive, estimates.GetProperty("p_alive").GetDouble(), 6);
        Assert.Equal(expected.ExpectedPurchases90d, estimates.GetProperty("expected_purchases_90d").GetDouble(), 6);
        Assert.Equal(expected.Ltv365dMinor, estimates.GetProperty("ltv_365d_minor").GetInt64());
        Assert.Equal("444", estimates.GetProperty("rfm").GetString());
        Assert.Equal("lifetime-12", estimates.GetProperty("model").GetString());
    }

    [Fact]
    public async Task Customer_WhoNeverBought_HasNoEstimates()
    {
        api.Parts.Lifetime = Model;
        Have("looker", Answer(days: 0, first: null, last: null, spent: 0));

        var (_, body) = await api.GetAsync("/v1/customers/looker");

        Assert.False(body.TryGetProperty("estimates", out _));
    }

    private static Answer Answer(int days, int? first, int? last, long spent)
    {
        var lifetime = TestView.Definition with { Lifetime = new LifetimeInputs(Purchases: 1, First: 7, Last: 4, Spent: 0) };
        var answer = TestView.Empty(Today) with { Definition = lifetime };
        answer.Scalars[0] = Domain.Expressions.Value.Int(spent);
        answer.Scalars[1] = Domain.Expressions.Value.Int(days);
        if (first is { } day) answer.Scalars[7] = Domain.Expressions.Value.Day(day);
        if (last is { } end) answer.Scalars[4] = Domain.Expressions.Value.Instant(end * Clock.MicrosPerDay + 5);
        return answer;
    }

    private void Have(string customer, Answer answer) => api.Parts.Customers[CustomerId.From(customer)] =
        new CustomerRead.Found(answer, 7, Partitioner.PartitionOf(System.Text.Encoding.UTF8.GetBytes(customer), MemoryParts.P), 43, 3, ReadSource.Merged);
}
