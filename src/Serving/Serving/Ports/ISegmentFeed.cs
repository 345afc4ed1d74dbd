using Lambda.SpeedLayer.Ports;

namespace Lambda.Serving.Ports;

/// <summary>Every change of membership in the order in which it was found, as long as it is kept.</summary>
public interface ISegmentFeed
{
    /// <summary>Numbers of the first and the last change. (n + 1, n) when none is kept; n was the last there ever was, 0 before the first.</summary>
    (long First, long Last) Ends();

    /// <summary>The changes behind a number, ascending.</summary>
    /// <param name="purpose">Only of customers who agree to it, and that somebody agrees no more; null: whoever it is, and nothing about consent.</param>
    IReadOnlyList<NumberedChange> After(long number, int limit, string? purpose = null);

    /// <summary>Forgets changes found before, with what of them was not delivered.</summary>
    /// <returns>How many deliveries were given up.</returns>
    long Trim(long beforeMs);
}
