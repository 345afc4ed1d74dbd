using Lambda.Domain.Fraud.Decisions;
using Lambda.SpeedLayer.Authorizations;
using Polly;
using Polly.CircuitBreaker;

namespace Lambda.Serving.Authorizations;

/// <summary>
/// A circuit breaker for each partition: one whose storage fails, or that is moving, is not asked for a while, so that its questions are answered by policy at once and not only at
/// their deadlines.
/// </summary>
public sealed class Breakers : IAuthorizer
{
    private readonly IAuthorizer _inner;
    private readonly ResiliencePipeline<AuthorizationOutcome>[] _pipelines;

    public Breakers(IAuthorizer inner, TimeProvider time)
    {
        _inner = inner;
        _pipelines = [.. Enumerable.Range(0, inner.Partitions).Select(_ => Pipeline(time))];
    }

    public int Partitions => _inner.Partitions;

    public async ValueTask<AuthorizationOutcome> AskAsync(int partition, AuthorizationRequest request, CancellationToken cancel)
    {
        try
        {
            return await _pipelines[partition].ExecuteAsync(
                static (asked, cancel) => asked.Inner.AskAsync(asked.Partition, asked.Request, cancel), (Inner: _inner, Partition: partition, Request: request), cancel);
        }
        catch (BrokenCircuitException)
        {
            return new AuthorizationOutcome.Failed(Failing.Storage, $"partition {partition} failed too often just now and is not asked");
        }
    }

    private static ResiliencePipeline<AuthorizationOutcome> Pipeline(TimeProvider time)
    {
        var builder = new ResiliencePipelineBuilder<AuthorizationOutcome> { TimeProvider = time };
        return builder.AddCircuitBreaker(new CircuitBreakerStrategyOptions<AuthorizationOutcome>
        {
            FailureRatio = 0.5, MinimumThroughput = AuthorizationLimits.BreakerMinimum, SamplingDuration = AuthorizationLimits.BreakerSampling, BreakDuration = AuthorizationLimits.BreakerPause,
            ShouldHandle = static outcome => ValueTask.FromResult(outcome.Outcome.Result is AuthorizationOutcome.Failed { Cause: Failing.Storage or Failing.Deadline }),
        }).Build();
    }
}
