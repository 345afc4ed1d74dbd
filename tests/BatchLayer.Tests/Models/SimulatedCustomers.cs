using Lambda.Domain.Lifetime;
using MathNet.Numerics.Distributions;

namespace Lambda.BatchLayer.Tests.Models;

/// <summary>Customers who live as the model says, with parameters that are known; and what they do afterwards.</summary>
internal sealed class SimulatedCustomers(LifetimeModel truth, int seed)
{
    public const double LaterDays = 90;
    private const double AgeMin = 100, AgeMax = 400;

    private readonly Random _random = new(seed);

    public IReadOnlyList<(PurchaseHistory History, int Later, bool IsAlive)> Take(int count) => [.. Enumerable.Range(0, count).Select(_ => One())];

    private (PurchaseHistory, int, bool) One()
    {
        var rate = Gamma.Sample(_random, truth.Purchases.R, truth.Purchases.Alpha);
        var leaving = Beta.Sample(_random, truth.Purchases.A, truth.Purchases.B);
        var scale = Gamma.Sample(_random, truth.Value!.Q, truth.Value.V); // rate of the customer's spending
        var age = AgeMin + (AgeMax - AgeMin) * _random.NextDouble();
        double at = 0, last = 0, spent = 0;
        int repeats = 0, later = 0;
        var alive = true;
        while (true)
        {
            at += Exponential.Sample(_random, rate);
            if (at > age + LaterDays) break;
            if (at <= age)
            {
                (repeats, last) = (repeats + 1, at);
                spent += Gamma.Sample(_random, truth.Value.P, scale);
            }
            else later++;
            if (_random.NextDouble() >= leaving) continue;
            alive = at > age;
            break;
        }
        return (new PurchaseHistory(repeats, last, age, repeats > 0 ? spent / repeats : 0, repeats), later, alive);
    }
}
