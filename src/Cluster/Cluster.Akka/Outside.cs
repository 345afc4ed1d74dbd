namespace Lambda.Cluster.Actors;

/// <summary>
/// Work outside the actors: on the thread pool, or on the scheduler of a simulation, which then decides what goes on when. What is awaited in it goes on there,
/// too, so nothing here may leave it (no ConfigureAwait(false), no timer but the TimeProvider's).
/// </summary>
internal static class Outside
{
    public static Task Run(this TaskScheduler on, Func<Task> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, on).Unwrap();

    public static Task Run(this TaskScheduler on, Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, on);
}
