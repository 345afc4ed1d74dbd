using Lambda.Domain.Tests.Definitions;
using Lambda.Domain.Views;
using Lambda.Domain.Yaml;
using Xunit;

namespace Lambda.Domain.Tests.Views;

public sealed class MoneyOutputsTests
{
    [Fact]
    public void CommittedView_WhenLookedThrough_HasItsAmountsAndNothingElse()
    {
        var view = DefinitionLoader.Load("views/customer360.yaml", Repository.Read("views/customer360.yaml"));
        var money = MoneyOutputs.Of(view).Select(i => view.Outputs[i].Name).ToHashSet();
        string[] amounts = ["spend", "spend_7d", "spend_by_category_30d", "largest_purchase_30d", "annual_income", "balance", "credit_limit", "avg_ticket", "avg_ticket_30d", "net_balance", "refunded_90d"];
        string[] others = ["purchases", "merchants_30d", "points_balance", "spend_trend", "savings_ratio_90d", "credit_utilisation", "digital_share_90d", "decline_rate_30d", "app_time_ms", "age", "tier", "last_seen_at"];
        Assert.All(amounts, name => Assert.Contains(name, money));
        Assert.All(others, name => Assert.DoesNotContain(name, money));
    }
}
