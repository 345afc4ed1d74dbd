namespace Lambda.SpeedLayer.Leases;

/// <param name="Trust">A holder refuses reads when its last renewal was sent longer ago than this.</param>
/// <param name="Expiry">Others may take over when the store saw the last renewal longer ago than this: more than <paramref name="Trust"/>, for clocks that differ in rate.</param>
/// <param name="RenewEvery">How often all leases are renewed.</param>
public sealed record LeaseTimes(TimeSpan Trust, TimeSpan Expiry, TimeSpan RenewEvery)
{
    public static readonly LeaseTimes Default = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2.5), TimeSpan.FromSeconds(0.5));
}
