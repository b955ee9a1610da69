// Command cri starts a pod with containers over the Container Runtime
// Interface, as a kubelet does, and removes it when its standard input ends.
//
//	cri [-cgroup-parent PATH] [-host-port PORT] [-detach] ENDPOINT IMAGE POD CONTAINER...
//
// It writes the sandbox's id and those of the containers, a line each, as soon
// as all of them run.
//
//	cri -inspect ENDPOINT ID...
//
// writes what crictl's inspect has of sandboxes and containers: a line ID PID NAME for a
// sandbox, and ID PID NAME IMAGE for a container.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
)

var (
	cgroupParent = flag.String("cgroup-parent", "", "the pod's cgroup (default /cse-e2e/podPOD)")
	hostPort     = flag.Int("host-port", 18080, "publish the pod's port 80 at this port; 0: nowhere")
	detach       = flag.Bool("detach", false, "do not remove the pod")
	inspecting   = flag.Bool("inspect", false, "write what is known of sandboxes and containers")
)

func main() {
	flag.Parse()
	args := flag.Args()
	if least := map[bool]int{false: 3, true: 1}[*inspecting]; len(args) < least {
		flag.Usage()
		os.Exit(2)
	}
	if err := connect(args[0], args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func connect(endpoint string, args []string) error {
	conn, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", endpoint, err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	client := runtime.NewRuntimeServiceClient(conn)
	if *inspecting {
		return inspect(ctx, client, args)
	}
	return run(ctx, client, args[0], args[1], args[2:])
}

func run(ctx context.Context, client runtime.RuntimeServiceClient, image, pod string, containers []string) (err error) {
	config := sandbox(pod)
	made, err := client.RunPodSandbox(ctx, &runtime.RunPodSandboxRequest{Config: config})
	if err != nil {
		return fmt.Errorf("run sandbox %s: %w", pod, err)
	}
	defer func() {
		if *detach && err == nil {
			return
		}
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
	if !*detach {
		_, err = io.Copy(io.Discard, os.Stdin)
	}
	return err
}

func sandbox(pod string) *runtime.PodSandboxConfig {
	config := &runtime.PodSandboxConfig{
		Metadata: &runtime.PodSandboxMetadata{Name: pod, Uid: "uid-of-" + pod, Namespace: "e2e"},
		Hostname: pod,
		Linux:    &runtime.LinuxPodSandboxConfig{CgroupParent: cmp.Or(*cgroupParent, "/cse-e2e/pod"+pod)},
	}
	if *hostPort != 0 {
		config.PortMappings = []*runtime.PortMapping{
			{Protocol: runtime.Protocol_TCP, ContainerPort: 80, HostPort: int32(*hostPort)},
		}
	}
	return config
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

// inspect writes what is known of sandboxes and containers.
func inspect(ctx context.Context, client runtime.RuntimeServiceClient, ids []string) error {
	for _, id := range ids {
		line, err := inspectContainer(ctx, client, id)
		if status.Code(err) == codes.NotFound {
			line, err = inspectSandbox(ctx, client, id)
		}
		if err != nil {
			return fmt.Errorf("inspect %s: %w", id, err)
		}
		fmt.Print(line)
	}
	return nil
}

func inspectContainer(ctx context.Context, client runtime.RuntimeServiceClient, id string) (string, error) {
	answer, err := client.ContainerStatus(ctx, &runtime.ContainerStatusRequest{ContainerId: id, Verbose: true})
	if err != nil {
		return "", err
	}
	pid, err := pidIn(answer.Info)
	return fmt.Sprintln(id, pid, answer.Status.Metadata.Name, answer.Status.Image.Image), err
}

func inspectSandbox(ctx context.Context, client runtime.RuntimeServiceClient, id string) (string, error) {
	answer, err := client.PodSandboxStatus(ctx, &runtime.PodSandboxStatusRequest{PodSandboxId: id, Verbose: true})
	if err != nil {
		return "", err
	}
	pid, err := pidIn(answer.Info)
	return fmt.Sprintln(id, pid, answer.Status.Metadata.Name), err
}

// pidIn returns the pid of the entrypoint in the verbose part of a status.
func pidIn(info map[string]string) (int, error) {
	var decoded struct{ Pid int }
	err := json.Unmarshal([]byte(info["info"]), &decoded)
	return decoded.Pid, err
}
