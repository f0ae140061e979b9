using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(Portal.Benchmarks.Cgroups.StatsPassBenchmarks).Assembly).Run(args);
