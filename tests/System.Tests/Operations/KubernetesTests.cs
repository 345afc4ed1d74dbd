using System.Text.RegularExpressions;
using Lambda.Cluster.Cli;
using Lambda.Cluster.Options;
using Lambda.TestKit;
using Xunit;

namespace Lambda.SystemTests.Operations;

/// <summary>k8s/ as kubectl renders it, held against Kubernetes' schemas (tests/k8s).</summary>
public sealed class KubernetesTests(KubernetesTests.Rendered rendered) : IClassFixture<KubernetesTests.Rendered>
{
    public sealed class Rendered : IAsyncLifetime
    {
        private readonly TempFolder _folder = new();

        public Dictionary<string, string> Files { get; } = [];

        /// <summary>Folder with the validator and its packages.</summary>
        public string? Validator { get; private set; }

        public string? Missing { get; private set; }

        public async Task InitializeAsync()
        {
            Missing = await RenderAsync() ?? await InstallAsync();
        }

        public Task DisposeAsync()
        {
            _folder.Dispose();
            return Task.CompletedTask;
        }

        public string File(string name) => _folder.File(name);

        private async Task<string?> RenderAsync()
        {
            foreach (var overlay in (string[])["local", "prod"])
            {
                var done = await Programs.RunAsync("kubectl", ["kustomize", Path.Combine(Repository.Root, "k8s/overlays", overlay)])
                    ?? await Programs.RunAsync("kustomize", ["build", Path.Combine(Repository.Root, "k8s/overlays", overlay)]);
                if (done is null) return "neither kubectl nor kustomize is installed";
                if (done.ExitCode != 0) throw new InvalidOperationException($"{overlay} cannot be rendered: {done}");
                await System.IO.File.WriteAllTextAsync(Files[overlay] = File($"{overlay}.yaml"), done.Output);
            }
            return null;
        }

        private async Task<string?> InstallAsync()
        {
            var folder = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts/temp/k8s")).FullName;
            foreach (var file in Directory.GetFiles(Path.Combine(Repository.Root, "tests/k8s"))) System.IO.File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
            var installed = await Programs.RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder: folder);
            if (installed is null) return "npm is not installed";
            if (installed.ExitCode != 0) return $"npm could not install the schemas: {installed.Error.Trim()}";
            Validator = folder;
            return null;
        }
    }

    [SkippableFact]
    public async Task Objects_WhenHeldAgainstTheSchemas_Fit()
    {
        var ended = await ValidateAsync([.. rendered.Files.Values]);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        Assert.Matches(@"^[3-9]\d objects", ended.Output);
    }

    [SkippableTheory]
    [InlineData("containerPort: 8443", "containerPrt: 8443", "containerPrt")]
    [InlineData("jobLabel", "jobLable", "jobLable")]
    [InlineData("expr: up", "exp: up", "exp")]
    [InlineData("maxUnavailable: 1", "maxUnavailable: [1]", "PodDisruptionBudget")]
    public async Task Schemas_WhenAnObjectIsWrong_Notice(string right, string wrong, string told)
    {
        Skip.If(rendered.Missing is not null, rendered.Missing);
        var text = await File.ReadAllTextAsync(rendered.Files["local"]);
        Assert.Contains(right, text, StringComparison.Ordinal);
        var file = rendered.File("wrong.yaml");
        await File.WriteAllTextAsync(file, text.Replace(right, wrong, StringComparison.Ordinal));
        var ended = await ValidateAsync(file);
        Assert.True(ended.ExitCode == 1 && ended.Output.Contains(told, StringComparison.Ordinal), ended.ToString());
    }

    [SkippableFact]
    public async Task Pods_WhenRendered_AreNoRootAndHaveTheirSettings()
    {
        Skip.If(rendered.Missing is not null, rendered.Missing);
        foreach (var (overlay, file) in rendered.Files)
        {
            var text = await File.ReadAllTextAsync(file);
            var pods = text.Split("\n---\n").Where(o => o.Contains("\nkind: StatefulSet\n", StringComparison.Ordinal) || o.Contains("\nkind: Deployment\n", StringComparison.Ordinal)).ToList();
            Assert.Equal(2, pods.Count);
            foreach (var pod in pods)
                foreach (var needed in (string[])["runAsNonRoot: true", "readOnlyRootFilesystem: true", "name: LAMBDA_ROLES", "name: LAMBDA_CLUSTER_HOST", "scheme: HTTPS", "secretName: lambda-tls", "key: kafka", "key: postgres", "key: warehouse", "path: /readyz", "path: /healthz", "name: lambda-settings-"])
                    Assert.Contains(needed, pod, StringComparison.Ordinal);
            if (overlay == "prod") Assert.DoesNotContain("\nkind: Secret\n", text, StringComparison.Ordinal); // secrets by reference only
        }
    }

    [SkippableFact]
    public async Task Settings_WhenPodsCarryThem_AreOnesThatLambdaReads()
    {
        Skip.If(rendered.Missing is not null, rendered.Missing);
        Skip.If(Setting.All.All(s => s.Name != "runtime"), "this build knows no cluster settings");
        string[] ofCommands = [Client.UrlVariable, Client.KeyVariable, ServerTrust.CaVariable];
        foreach (var file in rendered.Files.Values)
            foreach (var name in Regex.Matches(await File.ReadAllTextAsync(file), @"\bLAMBDA_[A-Z_]+").Select(m => m.Value).Distinct())
                Assert.Contains(name, Setting.All.Select(s => s.Variable).Concat(ofCommands));
    }

    /// <summary>Every pod's environment, as the kubelet would make it, read as options: names, values and what they refer to.</summary>
    [SkippableFact]
    public void Pods_WhenTheirEnvironmentIsRead_AreNodesOfOneCluster()
    {
        Skip.If(rendered.Missing is not null, rendered.Missing);
        foreach (var (overlay, file) in rendered.Files)
        {
            var pods = PodEnvironment.Of(File.ReadAllText(file)).ToList();
            Assert.Equal(["lambda", "lambda-nightly-run", "lambda-serving"], pods.Select(p => p.Name).Order());
            foreach (var pod in pods)
            {
                var known = Setting.All.Select(s => s.Variable).Concat([Client.UrlVariable, Client.KeyVariable, ServerTrust.CaVariable]);
                var strangers = pod.Variables.Keys.Except(known).Where(name => !name.StartsWith("DOTNET_", StringComparison.Ordinal) && !pod.ReferredTo.Contains(name)).ToList();
                Assert.Empty(strangers);
                Assert.DoesNotContain(pod.Variables.Values, v => v.Contains("$(", StringComparison.Ordinal));
                if (!pod.Arguments.SequenceEqual(["up"])) continue;
                var options = OptionsReader.Read(null, new Dictionary<string, string>(), pod.Variables.GetValueOrDefault);
                Assert.Equal(
                    (LambdaOptions.ClusterRuntime, PodEnvironment.PodIp, 8361, "lambda-nodes:8361", overlay == "prod" ? 48 : 4),
                    (options.Runtime, options.ClusterHost, options.ClusterPort, options.ClusterDns, options.Partitions));
                Assert.Equal(pod.Name == "lambda" ? "speed,serving,batch" : "serving", options.Roles);
                Assert.True(options is { Kafka: not null, Postgres: not null, Warehouse: not null, BatchAt: null });
                Assert.Contains(options.Data, pod.Mounts);
            }
        }
    }

    [Fact]
    public void Image_WhenPublished_FitsThePods()
    {
        var project = System.Xml.Linq.XDocument.Load(Path.Combine(Repository.Root, "src/Cluster/Cluster/Cluster.csproj"));
        string Value(string name) => project.Descendants(name).Single().Value;
        var pod = File.ReadAllText(Path.Combine(Repository.Root, "k8s/base/pod.yaml"));
        Assert.Contains($"runAsUser: {Value("ContainerUser").Split(':')[0]}", pod, StringComparison.Ordinal);
        Assert.Contains($"containerPort: {project.Descendants("ContainerPort").Single().Attribute("Include")!.Value}", pod, StringComparison.Ordinal);
        foreach (var variable in project.Descendants("ContainerEnvironmentVariable"))
            Assert.Contains(Setting.All, s => s.Variable == variable.Attribute("Include")!.Value && s.Apply(new LambdaOptions(), variable.Attribute("Value")!.Value).Data == "/data");
    }

    private async Task<Programs.Ended> ValidateAsync(params string[] files)
    {
        Skip.If(rendered.Missing is not null, rendered.Missing);
        var ended = await Programs.RunAsync("node", ["validate.mjs", .. files], folder: rendered.Validator!);
        Skip.If(ended is null, "node is not installed");
        return ended!;
    }
}
