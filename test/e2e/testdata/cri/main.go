// Command cri starts a pod with containers over the Container Runtime
// Interface, as a kubelet does, and removes it when its standard input ends.
//
//	cri ENDPOINT IMAGE POD CONTAINER...
//
// It writes the sandbox's id and those of the containers, a line each, as soon
// as all of them run.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: cri ENDPOINT IMAGE POD CONTAINER...")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(endpoint, image, pod string, containers []string) (err error) {
	conn, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", endpoint, err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	client := runtime.NewRuntimeServiceClient(conn)

	config := sandbox(pod)
	made, err := client.RunPodSandbox(ctx, &runtime.RunPodSandboxRequest{Config: config})
	if err != nil {
		return fmt.Errorf("run sandbox %s: %w", pod, err)
	}
	defer func() {
		if e := remove(ctx, client, made.PodSandboxId); err == nil {
			err = e
		}
	}()
	ids := []string{made.PodSandboxId}
	for _, name := range containers {
		id, err := start(ctx, client, made.PodSandboxId, config, name, image)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		fmt.Println(id)
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func sandbox(pod string) *runtime.PodSandboxConfig {
	return &runtime.PodSandboxConfig{
		Metadata: &runtime.PodSandboxMetadata{Name: pod, Uid: "uid-of-" + pod, Namespace: "e2e"},
		Hostname: pod,
		PortMappings: []*runtime.PortMapping{
			{Protocol: runtime.Protocol_TCP, ContainerPort: 80, HostPort: 18080},
		},
		Linux: &runtime.LinuxPodSandboxConfig{CgroupParent: "/cse-e2e/pod" + pod},
	}
}

func start(ctx context.Context, client runtime.RuntimeServiceClient, pod string, config *runtime.PodSandboxConfig, name, image string) (string, error) {
	made, err := client.CreateContainer(ctx, &runtime.CreateContainerRequest{
		PodSandboxId:  pod,
		SandboxConfig: config,
		Config: &runtime.ContainerConfig{
			Metadata: &runtime.ContainerMetadata{Name: name},
			Image:    &runtime.ImageSpec{Image: image},
			Command:  []string{"sleep", "300"},
			Linux:    &runtime.LinuxContainerConfig{},
		},
	})
	if err != nil {
		return "", fmt.Errorf("create container %s: %w", name, err)
	}
	if _, err := client.StartContainer(ctx, &runtime.StartContainerRequest{ContainerId: made.ContainerId}); err != nil {
		return "", fmt.Errorf("start container %s: %w", name, err)
	}
	return made.ContainerId, nil
}

// remove stops the pod with all that is in it.
func remove(ctx context.Context, client runtime.RuntimeServiceClient, pod string) error {
	if _, err := client.StopPodSandbox(ctx, &runtime.StopPodSandboxRequest{PodSandboxId: pod}); err != nil {
		return fmt.Errorf("stop sandbox %s: %w", pod, err)
	}
	if _, err := client.RemovePodSandbox(ctx, &runtime.RemovePodSandboxRequest{PodSandboxId: pod}); err != nil {
		return fmt.Errorf("remove sandbox %s: %w", pod, err)
	}
	return nil
}
