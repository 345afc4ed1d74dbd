using Lambda.Domain.Lifetime;

namespace Lambda.Serving.Ports;

/// <summary>Models that the batch layer fitted; what is estimated with them is no part of the exactness law.</summary>
public interface IModels
{
    /// <summary>The last good one; null before the first.</summary>
    LifetimeModel? Lifetime { get; }

    /// <summary>Why the newest view could not be fitted, so that an older model serves; null when it could.</summary>
    (long Epoch, string Reason)? LifetimeFailure { get; }
}
