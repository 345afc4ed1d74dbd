namespace Lambda.SpeedLayer.Authorizations;

/// <summary>The way to the desk of a customer's partition, wherever its owner is.</summary>
public interface IAuthorizer
{
    int Partitions { get; }

    /// <summary>Answers within the request's patience, whatever happens.</summary>
    ValueTask<AuthorizationOutcome> AskAsync(int partition, AuthorizationRequest request, CancellationToken cancel);
}
