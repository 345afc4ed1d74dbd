using Lambda.Domain.Views;
using Lambda.Domain.Yaml;

namespace Lambda.Simulation;

/// <summary>The definitions a scenario changes between: shared and changed metrics, every aggregate, windows, keys, a declared field.</summary>
public static class SimulatedDefinitions
{
    public static IReadOnlyList<ViewDefinition> Load() => [.. Texts.Select((text, i) => DefinitionLoader.Load($"simulated-{i}.yaml", text))];

    private static readonly string[] Texts =
    [
        """
        view: first
        tile_retention_days: 60
        metrics:
          spend: { of: transaction, sum: billing_amount_minor, when: "direction = 'debit' and status = 'approved'", windows: [1d, 7d, 30d] }
          spend_by_category: { of: transaction, sum: billing_amount_minor, by: category, windows: [7d] }
          purchases: { of: transaction, count: true, windows: [30d] }
          merchants: { of: transaction, distinct: merchant_id, windows: [7d] }
          email: { of: profile, latest: email }
          first_country: { of: [transaction, login], first: country }
          last_seen_at: { of: [transaction, login, app_event], max: occurred_at }
          lowest_score: { of: credit_score, min: score }
          northernmost: { of: transaction, max: lat }
        derived:
          avg_ticket: "spend / purchases"
          days_inactive: "days_between(day(last_seen_at), today)"
        segments:
          big: "spend_30d >= 5000 and days_inactive < 14"
        """,
        """
        view: second
        tile_retention_days: 45
        fields: { loyalty_level: text }
        metrics:
          purchases: { of: transaction, count: true, windows: [30d] }
          spend: { of: transaction, sum: billing_amount_minor, when: "direction = 'debit'", windows: [7d] }
          merchants: { of: transaction, distinct: merchant_id, windows: [7d] }
          logins_by_method: { of: login, count: true, by: auth_method, windows: [1d, 7d] }
          level: { of: [transaction, login, reward], latest: loyalty_level }
          email: { of: profile, latest: email }
          days_active: { of: [transaction, login, app_event], distinct: occurred_day }
        derived:
          favourite: "top_key(logins_by_method)"
        segments:
          regular: "purchases_30d >= 3"
          levelled: "level = 'L1'"
        """,
        """
        view: third
        metrics:
          latest_balance: { of: account, latest: balance_minor, by: account_type }
          points: { of: reward, sum: points, when: "reward_action = 'earn'" }
          first_seen_at: { of: [profile, account, transaction, login, app_event, reward, credit_score, fraud_label, consent], min: occurred_at }
        derived:
          known_for: "days_between(day(first_seen_at), today)"
        segments:
          old: "known_for > 100"
        """,
    ];
}
