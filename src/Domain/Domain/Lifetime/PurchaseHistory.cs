namespace Lambda.Domain.Lifetime;

/// <summary>
/// What the lifetime models need of a customer. A purchase is a day with at least one: two tickets of one shopping trip are no sign of loyalty.
/// </summary>
/// <param name="Repeats">Days with a purchase after the first one, x.</param>
/// <param name="LastDays">Days from the first purchase to the last, t_x; 0 without repeats.</param>
/// <param name="AgeDays">Days from the first purchase to the day of the estimate, T ≥ t_x.</param>
/// <param name="MeanMinor">Mean spending on a day with purchases, minor units; 0 when not known.</param>
/// <param name="MeanOver">Days that the mean is of; the literature leaves out the first.</param>
public readonly record struct PurchaseHistory(long Repeats, double LastDays, double AgeDays, double MeanMinor, long MeanOver);
