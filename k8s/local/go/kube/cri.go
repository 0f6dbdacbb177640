package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	cri "k8s.io/cri-client/pkg"
	"k8s.io/klog/v2"
)

const criTimeout = 30 * time.Second

// newCRICommand talks to the container runtime without the kubelet: an orderly stop needs it after the kubelet is gone.
func newCRICommand() *cobra.Command {
	var endpoint string
	root := &cobra.Command{Use: "cri", Short: "Act on the container runtime itself", SilenceUsage: true}
	root.PersistentFlags().StringVar(&endpoint, "endpoint", "", "the runtime's socket, unix:///path")
	var grace int64
	stop := &cobra.Command{
		Use:   "stop",
		Short: "Stop every container, then remove every pod sandbox with its network",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return stopAll(cmd.Context(), endpoint, grace)
		},
	}
	stop.Flags().Int64Var(&grace, "grace", 5, "seconds a container has between SIGTERM and SIGKILL")
	root.AddCommand(stop)
	return root
}

func stopAll(ctx context.Context, endpoint string, grace int64) error {
	logger := klog.Background()
	runtime, err := cri.NewRemoteRuntimeService(endpoint, criTimeout, nil, &logger)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", endpoint, err)
	}
	containers, err := runtime.ListContainers(ctx, &runtimeapi.ContainerFilter{
		State: &runtimeapi.ContainerStateValue{State: runtimeapi.ContainerState_CONTAINER_RUNNING},
	})
	if err != nil {
		return fmt.Errorf("list containers: %w", err)
	}
	sandboxes, err := runtime.ListPodSandbox(ctx, nil)
	if err != nil {
		return fmt.Errorf("list pod sandboxes: %w", err)
	}
	stopped := make([]string, len(containers))
	for i, container := range containers {
		stopped[i] = container.Id
	}
	failed := inParallel(stopped, func(id string) error { return runtime.StopContainer(ctx, id, grace) })
	removed := make([]string, len(sandboxes))
	for i, sandbox := range sandboxes {
		removed[i] = sandbox.Id
	}
	failed += inParallel(removed, func(id string) error {
		if err := runtime.StopPodSandbox(ctx, id); err != nil {
			return err
		}
		return runtime.RemovePodSandbox(ctx, id)
	})
	fmt.Printf("stopped %d containers, removed %d sandboxes, %d failures\n", len(stopped), len(removed), failed)
	if failed > 0 {
		return fmt.Errorf("%d operations failed", failed)
	}
	return nil
}

func inParallel(ids []string, act func(id string) error) int {
	var group sync.WaitGroup
	errs := make([]error, len(ids))
	for i, id := range ids {
		group.Go(func() { errs[i] = act(id) })
	}
	group.Wait()
	failed := 0
	for i, err := range errs {
		if err != nil {
			failed++
			fmt.Fprintf(os.Stderr, "%s: %v\n", ids[i], err)
		}
	}
	return failed
}
