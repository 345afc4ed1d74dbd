namespace Lambda.Cluster.Bench.Data;

/// <summary>What was generated, counted beside the generation and independently of everything that is measured.</summary>
internal sealed class Tally(int customers)
{
    private readonly long[] _spend = new long[customers];
    private readonly int[] _events = new int[customers];

    public int Customers => customers;
    public long Events { get; private set; }

    /// <summary>Sum of billing_amount_minor over all events that have one.</summary>
    public Int128 BillingMinor { get; private set; }

    /// <summary>Approved debits of all customers, minor units: metric `spend` summed over customers.</summary>
    public Int128 SpendMinor { get; private set; }

    public long SpendOf(int customer) => _spend[customer];

    public int EventsOf(int customer) => _events[customer];

    public void Count(int customer, long billingMinor, long spendMinor)
    {
        Events++;
        BillingMinor += billingMinor;
        SpendMinor += spendMinor;
        _spend[customer] += spendMinor;
        _events[customer]++;
    }
}
